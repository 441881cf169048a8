/**
 * Check of a statement against a profile, from the tree alone: what Aurora DSQL would refuse of it, before anything is looked up.
 *
 * Profiles are dated, because DSQL changes from month to month: `dsql` is the newest one.
 */
import type { Node } from '@pgsql/types';
import { type Notice, notice, SqlError, sqlstate } from '#base/sql-error.ts';
import type { Profile } from '#sql/settings.ts';
import type { ParsedStatement } from '../parser/parse.ts';
import { alterTableRules } from './alter-table-rules.ts';
import { columnRules, tablePartRules } from './create-table-rules.ts';
import { indexRules, syncIndexRule } from './index-rules.ts';
import { queryRules } from './query-rules.ts';
import { roleRules } from './role-rules.ts';
import type { Finding, NodeKind, Rule } from './rule.ts';
import { settingRules } from './setting-rules.ts';
import { otherStatement, statementRules } from './statement-rules.ts';
import { typeRules } from './type-rules.ts';

export const newestDsqlProfile = 'dsql-2026.10';

/** In the order in which they are looked at: the first that applies is DSQL's answer. */
export const rules: readonly Rule[] = [
  ...statementRules,
  ...roleRules,
  ...settingRules,
  ...tablePartRules,
  ...alterTableRules,
  ...typeRules,
  ...columnRules,
  ...indexRules,
  ...queryRules,
];

const byKind: ReadonlyMap<string, readonly Rule[]> = grouped(rules, (rule) => rule.on);
const insideByKind: ReadonlyMap<string, readonly Rule[]> = grouped(rules, (rule) => rule.inside?.kinds ?? []);
/** Most statements have none of these words, so their trees need not be walked. */
const insideWords = new RegExp(`\\b(?:${[...new Set(rules.flatMap((rule) => rule.inside?.words ?? []))].join('|')})\\b`, 'i');

const holdsStatements = (node: Node): boolean => 'ExplainStmt' in node || 'CreateSchemaStmt' in node || 'PrepareStmt' in node;

function grouped(all: readonly Rule[], kindsOf: (rule: Rule) => readonly NodeKind[]): ReadonlyMap<string, readonly Rule[]> {
  const groups = new Map<string, Rule[]>();
  for (const rule of all)
    for (const kind of kindsOf(rule)) {
      const group = groups.get(kind);
      if (group === undefined) groups.set(kind, [rule]);
      else group.push(rule);
    }
  return groups;
}

export type Violation = { readonly rule: Rule; readonly sqlstate: string; readonly message: string; readonly finding: Finding };

/** What DSQL refuses of a statement, its own answer first. */
export function violationsOf(statement: ParsedStatement): readonly Violation[] {
  const { extension } = statement;
  if (extension?.kind === 'iamGrant' || extension?.kind === 'iamRevoke') return [];
  const found: Violation[] = [];
  checkWhole(statement.node, statement, found);
  if (holdsStatements(statement.node) || insideWords.test(statement.text)) walk(statement.node, statement, found);
  return found;
}

function add(applied: Rule, node: Node, statement: ParsedStatement, to: Violation[]): void {
  for (const finding of applied.find(node, statement))
    to.push({ rule: applied, sqlstate: finding.sqlstate ?? applied.sqlstate, message: finding.message ?? applied.answer, finding });
}

function checkWhole(node: Node, statement: ParsedStatement, to: Violation[]): void {
  const [kind] = Object.keys(node);
  for (const applied of byKind.get(kind) ?? []) add(applied, node, statement, to);
  add(otherStatement, node, statement, to);
}

/** Goes through a tree, a node before its parts; without recursion, since a chain of operators is as deep as it is long. Fields that are no nodes of their own (relation, typeName) have keys in lower case. */
function walk(root: object, statement: ParsedStatement, to: Violation[]): void {
  const open: object[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const inside: object[] = [];
    for (const [key, inner] of Object.entries(value)) {
      if (typeof inner !== 'object' || inner === null) continue;
      if (isNodeKey(key)) {
        const node = value as Node;
        for (const applied of insideByKind.get(key) ?? []) add(applied, node, statement, to);
        if (value !== root && key.endsWith('Stmt') && key !== 'SelectStmt') checkWhole(node, statement, to);
      }
      inside.push(inner);
    }
    for (const inner of inside.reverse()) open.push(inner);
  }
}

const isNodeKey = (key: string): boolean => key.charCodeAt(0) >= 65 && key.charCodeAt(0) <= 90;

export type StatementCheck = {
  /** To be thrown in the statement's place. */
  readonly refusal?: SqlError;
  /** To be sent with its answer. */
  readonly notice?: Notice;
};

export type DialectSettings = {
  readonly profile: Profile;
  /** `disable_sync_create_index` is off. */
  readonly allowsSyncIndex: boolean;
};

const passed: StatementCheck = {};

/** What to do with a statement in a session of these settings. The check is the same each time: callers keep it. */
export function checkStatement(statement: ParsedStatement, { profile, allowsSyncIndex }: DialectSettings): StatementCheck {
  const violations = violationsOf(statement);
  if (violations.length === 0) return passed;
  if (profile === 'dsql') {
    const first = violations.find(({ rule }) => !(allowsSyncIndex && rule === syncIndexRule));
    if (first === undefined) return passed;
    // Only the missing type has a position in PostgreSQL; DSQL's own refusals have none.
    const position = first.sqlstate === sqlstate.undefinedObject ? statement.positionOf(first.finding.location) : undefined;
    return { refusal: new SqlError(first.sqlstate, first.message, position === undefined ? {} : { position }) };
  }
  const refused = violations.find((violation) => openOf(violation) !== 'runs');
  if (refused !== undefined) return { refusal: refusalOfOpen(refused, statement) };
  const constructs = new Set(violations.map(constructOf));
  return { notice: notice(`not supported by Aurora DSQL: ${[...constructs].join(', ')}`) };
}

const openOf = ({ rule, finding }: Violation): Rule['open'] => finding.open ?? rule.open;

export const constructOf = ({ rule, finding }: Violation): string => finding.construct ?? rule.construct;

function refusalOfOpen(violation: Violation, statement: ParsedStatement): SqlError {
  const { rule, finding } = violation;
  const fields = {
    ...(rule.hint === undefined ? {} : { hint: rule.hint }),
    ...(finding.location === undefined ? {} : { position: statement.positionOf(finding.location) }),
  };
  if (openOf(violation) === 'same') return new SqlError(violation.sqlstate, violation.message, fields);
  return new SqlError(sqlstate.featureNotSupported, `${constructOf(violation)} is not supported`, fields);
}
