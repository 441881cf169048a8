/**
 * The target of INSERT, UPDATE and DELETE: a table, or a view that stands for one. A statement that changes rows through a view is bound
 * as one on the table below, with the view's columns as names (some of them expressions) and its conditions as filters and checks.
 */
import type { RangeVar } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import { privilege } from '#sql/privilege.ts';
import type { ColumnDescriptor, TableDescriptor, ViewDescriptor } from '../catalog/descriptors.ts';
import { boolType } from './coercion.ts';
import type { Analysis } from './environment.ts';
import { bindCondition } from './expression.ts';
import { aliasColumns, rangeColumn } from './from-clause.ts';
import { openRelation, readerOf } from './from-relation.ts';
import type { OutputColumn, TableCheck } from './logical-plan.ts';
import type { RelationAccess } from './relation-access.ts';
import { findRelation } from './relation-lookup.ts';
import { type RangeColumn, type RangeItem, Scope, visible } from './scope.ts';
import { bindStoredText, storedSelect } from './stored-query.ts';
import { bindTargets } from './targets.ts';
import { notUpdatable } from './updatable-view.ts';

const privilegeOf: Readonly<Record<Verb, number>> = {
  'insert into': privilege.insert,
  update: privilege.update,
  'delete from': privilege.delete,
};

type Verb = 'insert into' | 'update' | 'delete from';

const hints: Readonly<Record<Verb, string>> = {
  'insert into': 'To enable inserting into the view, provide an INSTEAD OF INSERT trigger or an unconditional ON INSERT DO INSTEAD rule.',
  update: 'To enable updating the view, provide an INSTEAD OF UPDATE trigger or an unconditional ON UPDATE DO INSTEAD rule.',
  'delete from': 'To enable deleting from the view, provide an INSTEAD OF DELETE trigger or an unconditional ON DELETE DO INSTEAD rule.',
};

export function openTarget(scope: Scope, node: RangeVar, verb: Verb): ChangeTarget {
  const { analysis } = scope;
  const views: ViewDescriptor[] = [];
  const opened = openRelation(scope, node);
  if (opened.kind === 'sequence') throw new SqlError(sqlstate.wrongObjectType, `cannot change sequence "${opened.name}"`);
  let relation: TableDescriptor | ViewDescriptor = opened;
  const required = privilegeOf[verb];
  const accesses = relation.kind === 'system' ? [] : [analysis.addAccess(relation, required)];
  let inner = analysis;
  while (relation.kind === 'view') {
    requireUpdatable(analysis, relation, verb);
    views.push(relation);
    const below = belowView(relation);
    inner = inner.inner({ ...inner.environment, stored: readerOf(relation) });
    const next = findRelation(inner.environment, below.schemaname, below.relname ?? '');
    if (next === undefined || next.kind === 'sequence') throw new TypeError('an updatable view is over a table or a view');
    analysis.relations.add(next.oid);
    if (next.kind === 'view' && views.includes(next))
      throw new SqlError(sqlstate.invalidObjectDefinition, `infinite recursion detected in rules for relation "${next.name}"`);
    accesses.push(inner.addAccess(next, required));
    relation = next;
  }
  if (relation.kind === 'system') throw new SqlError(sqlstate.insufficientPrivilege, `permission denied for table ${relation.name}`);
  scope.targetAccess = accesses[0];
  return new ChangeTarget(analysis, node, relation, views, verb, accesses);
}

function requireUpdatable(analysis: Analysis, view: ViewDescriptor, verb: Verb): void {
  const environment = { ...analysis.environment, parameterTypes: undefined };
  const detail = notUpdatable(bindStoredText(environment, view.definition).query, environment.catalog, verb !== 'delete from');
  if (detail === undefined) return;
  throw analysis.error(sqlstate.objectNotInPrerequisiteState, `cannot ${verb} view "${view.name}"`, undefined, {
    detail,
    hint: hints[verb],
  });
}

/** The one relation that an updatable view reads. */
function belowView(view: ViewDescriptor): RangeVar {
  const [from] = storedSelect(view.definition).fromClause ?? [];
  if (from === undefined || !('RangeVar' in from)) throw new TypeError('an updatable view is over a table or a view');
  return from.RangeVar;
}

/** A view's column over the columns of its table. */
type ViewedColumn = RangeColumn & {
  readonly defaultText: string | undefined;
  /** The view at which it stops being a column of the table; undefined: it is one. */
  readonly computedIn: { readonly view: string; readonly column: string } | undefined;
};

type Viewed = { readonly columns: readonly ViewedColumn[]; readonly conditions: readonly ViewCondition[] };
type ViewCondition = { readonly view: ViewDescriptor; readonly condition: Expression };

export class ChangeTarget {
  readonly table: TableDescriptor;
  /** The table with the defaults that hold for rows that come through the view. */
  readonly defaults: TableDescriptor;
  readonly name: string;
  readonly #analysis: Analysis;
  readonly #node: RangeVar;
  /** From the one that the statement names to the one over the table. */
  readonly #views: readonly ViewDescriptor[];
  readonly #verb: Verb;
  /** What the statement does with each view, and with the table last. */
  readonly #accesses: readonly RelationAccess[];
  readonly #viewNumbers = new WeakMap<ColumnDescriptor, number>();

  constructor(
    analysis: Analysis,
    node: RangeVar,
    table: TableDescriptor,
    views: readonly ViewDescriptor[],
    verb: Verb,
    accesses: readonly RelationAccess[],
  ) {
    this.#analysis = analysis;
    this.#node = node;
    this.table = table;
    this.#views = views;
    this.#verb = verb;
    this.#accesses = accesses;
    this.name = views[0]?.name ?? table.name;
    this.defaults = views.length === 0 ? table : this.#withDefaults();
  }

  /** A table that is the target itself. */
  static ofTable(scope: Scope, node: RangeVar, table: TableDescriptor, verb: Verb): ChangeTarget {
    return new ChangeTarget(scope.analysis, node, table, [], verb, scope.targetAccess === undefined ? [] : [scope.targetAccess]);
  }

  get tableAccess(): RelationAccess | undefined {
    return this.#accesses[this.#accesses.length - 1];
  }

  /** A column that the statement gives a value: a privilege on it is needed at each level. */
  note(how: 'inserted' | 'updated', column: ColumnDescriptor): void {
    for (const [at, access] of this.#accesses.entries()) {
      const isTable = at === this.#accesses.length - 1;
      const number = isTable ? column.attributeNumber : at === 0 ? this.#viewNumbers.get(column) : undefined;
      if (number !== undefined) access[how].add(number);
    }
  }

  get isView(): boolean {
    return this.#views.length > 0;
  }

  /** The range item over some columns of the table's rows. */
  item(columns: readonly OutputColumn[], isRead = true): RangeItem {
    const { alias } = this.#node;
    const own: readonly RangeColumn[] = this.isView ? this.#over(columns).columns : columns.map(rangeColumn);
    const access = isRead ? this.#accesses[0] : undefined;
    const named = own.map(({ name, expression, tableOid, attributeNumber }, at): RangeColumn => {
      const column = { name, expression, tableOid, attributeNumber };
      return access === undefined ? column : { ...column, access: { access, attributeNumber: this.isView ? at + 1 : attributeNumber } };
    });
    return {
      kind: 'relation',
      name: alias?.aliasname ?? this.name,
      hasAlias: alias !== undefined,
      table: this.isView ? undefined : this.table,
      relationOid: this.isView ? this.#views[0].oid : this.table.oid,
      ...(this.isView ? { schemaName: this.#views[0].schemaName } : {}),
      columns: named,
      isScalar: false,
      takeKeyColumn: undefined,
    };
  }

  /** What the views ask of a row, over columns of the table. */
  conditions(columns: readonly OutputColumn[]): readonly Expression[] {
    return this.isView ? this.#over(columns).conditions.map(({ condition }) => condition) : [];
  }

  /** Checks of new rows that WITH CHECK OPTION asks for. */
  checks(columns: readonly OutputColumn[]): readonly TableCheck[] {
    if (this.#verb === 'delete from') return [];
    const checked = new Set<ViewDescriptor>();
    let cascades = false;
    for (const view of this.#views) {
      if (cascades || view.options.checkOption !== undefined) checked.add(view);
      if (view.options.checkOption === 'cascaded') cascades = true;
    }
    if (checked.size === 0) return [];
    return this.#over(columns)
      .conditions.filter(({ view }) => checked.has(view))
      .map(({ view, condition }) => ({
        name: view.name,
        isOfView: true,
        // Unlike a CHECK, a condition that is NULL keeps the row out.
        condition: { kind: 'booleanTest', arg: condition, test: 'true', negated: false, type: boolType },
      }));
  }

  /** The table's column that a name means; throws 42703, or 0A000 for a column that a view computes. */
  column(name: string, location: number | undefined): ColumnDescriptor {
    const { table } = this;
    if (!this.isView) {
      const column = table.columns.find((candidate) => candidate.name === name && !candidate.isDropped);
      if (column !== undefined) return column;
    } else {
      const { columns } = this.#over(this.#ownColumns());
      const at = columns.findIndex((candidate) => candidate.name === name);
      if (at >= 0) return this.#columnOf(columns[at], at + 1);
    }
    throw this.#analysis.error(sqlstate.undefinedColumn, `column "${name}" of relation "${this.name}" does not exist`, location);
  }

  /** The columns of the target in order. */
  allColumns(): readonly (() => ColumnDescriptor)[] {
    if (!this.isView) return this.table.columns.filter((column) => !column.isDropped).map((column) => () => column);
    return this.#over(this.#ownColumns()).columns.map((viewed, at) => () => this.#columnOf(viewed, at + 1));
  }

  #columnOf(viewed: ViewedColumn, viewNumber: number): ColumnDescriptor {
    if (viewed.computedIn === undefined) {
      const column = { ...this.defaults.columns[viewed.attributeNumber - 1], name: viewed.name };
      this.#viewNumbers.set(column, viewNumber);
      return column;
    }
    const verb = this.#verb === 'insert into' ? 'insert into' : 'update';
    throw this.#analysis.error(
      sqlstate.featureNotSupported,
      `cannot ${verb} column "${viewed.computedIn.column}" of view "${viewed.computedIn.view}"`,
      undefined,
      { detail: 'View columns that are not columns of their base relation are not updatable.' },
    );
  }

  /** Columns under ids of their own, to ask what a view makes of them. */
  #ownColumns(): readonly OutputColumn[] {
    return this.table.columns
      .filter((column) => !column.isDropped)
      .map(({ name, type, attributeNumber }) => ({
        id: this.#analysis.newColumnId(),
        name,
        type,
        tableOid: this.table.oid,
        attributeNumber,
      }));
  }

  #withDefaults(): TableDescriptor {
    const given = new Map<number, string>();
    for (const column of this.#over(this.#ownColumns()).columns)
      if (column.computedIn === undefined && column.defaultText !== undefined) given.set(column.attributeNumber, column.defaultText);
    if (given.size === 0) return this.table;
    const columns = this.table.columns.map((column) => ({
      ...column,
      defaultText: given.get(column.attributeNumber) ?? column.defaultText,
    }));
    return { ...this.table, columns };
  }

  #over(columns: readonly OutputColumn[]): Viewed {
    const { owners } = this.#analysis;
    const before = columns.map(({ id }) => owners.get(id));
    const viewed = this.#viewOver(0, columns);
    for (const [at, { id }] of columns.entries()) {
      const owner = before[at];
      if (owner === undefined) owners.delete(id);
      else owners.set(id, owner);
    }
    return viewed;
  }

  #viewOver(at: number, columns: readonly OutputColumn[]): Viewed {
    if (at === this.#views.length) {
      const own = columns.map((column) => ({ ...rangeColumn(column), defaultText: undefined, computedIn: undefined }));
      return { columns: own, conditions: [] };
    }
    const view = this.#views[at];
    const below = this.#viewOver(at + 1, columns);
    const select = storedSelect(view.definition);
    const relation = belowView(view);
    const outer = this.#analysis.environment;
    const environment = { ...outer, parameterTypes: undefined, statementText: view.definition, stored: readerOf(view) };
    const analysis = this.#analysis.inner(environment);
    const scope = new Scope(analysis, undefined);
    const name = relation.alias?.aliasname ?? relation.relname ?? '';
    const item: RangeItem = {
      kind: 'relation',
      name,
      hasAlias: relation.alias !== undefined,
      table: undefined,
      ...(relation.schemaname === undefined ? {} : { schemaName: relation.schemaname }),
      columns: aliasColumns(analysis, below.columns, relation.alias, name),
      isScalar: false,
      takeKeyColumn: undefined,
    };
    scope.namespace = [visible(scope.addItem(item))];
    const targets = bindTargets(scope, select.targetList);
    const viewColumns = targets.slice(0, view.columns.length).map(({ expression }, index): ViewedColumn => {
      const { name: columnName, defaultText } = view.columns[index];
      const source = below.columns.find((candidate) => sameColumn(candidate.expression, expression));
      const isPlain = source !== undefined && expression.kind === 'column';
      return {
        name: columnName,
        expression,
        tableOid: source?.tableOid ?? 0,
        attributeNumber: source?.attributeNumber ?? 0,
        defaultText: defaultText ?? (isPlain ? source.defaultText : undefined),
        computedIn: isPlain ? source.computedIn : (source?.computedIn ?? { view: view.name, column: columnName }),
      };
    });
    const { whereClause } = select;
    if (whereClause === undefined) return { columns: viewColumns, conditions: below.conditions };
    const condition = scope.within('where', () => bindCondition(scope, whereClause, 'WHERE'));
    return { columns: viewColumns, conditions: [...below.conditions, { view, condition }] };
  }
}

const sameColumn = (a: Expression, b: Expression): boolean => a.kind === 'column' && b.kind === 'column' && a.id === b.id;
