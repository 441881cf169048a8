/** EXPLAIN's options, as PostgreSQL reads and combines them. */
import type { ExplainStmt } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { constantOf } from './constants.ts';
import type { SessionSettings } from './session-settings.ts';
import { settingDefinitions } from './setting-definitions.ts';

const formats = ['text', 'json', 'yaml', 'xml'] as const;

export type ExplainStatementOptions = {
  readonly analyze: boolean;
  readonly verbose: boolean;
  readonly costs: boolean;
  readonly timing: boolean;
  readonly summary: boolean;
  readonly settings: boolean;
  readonly format: (typeof formats)[number];
};

const switches: Readonly<Record<string, boolean>> = { true: true, on: true, '1': true, false: false, off: false, '0': false };

/** What BUFFERS and WAL would add is not gathered: there are no buffers, and what a statement writes is journalled at COMMIT. */
const names = ['analyze', 'verbose', 'costs', 'buffers', 'wal', 'settings', 'generic_plan', 'timing', 'summary'] as const;
const isName = (name: string): name is (typeof names)[number] => names.some((known) => known === name);

/** `positionOf`: from a byte offset of the tree to a position in the statement. */
export function explainOptions(statement: ExplainStmt, positionOf: (location: number) => number): ExplainStatementOptions {
  const given = new Map<(typeof names)[number], boolean>();
  let format: ExplainStatementOptions['format'] = 'text';
  for (const node of statement.options ?? []) {
    if (!('DefElem' in node)) continue;
    const { defname: name = '', arg, location = 0 } = node.DefElem;
    const position = { position: positionOf(location) };
    if (name === 'format') {
      if (arg === undefined) throw new SqlError(sqlstate.syntaxError, 'format requires a parameter');
      const value = constantOf(arg) ?? '';
      const found = formats.find((known) => known === value);
      if (found === undefined)
        throw new SqlError(sqlstate.invalidParameterValue, `unrecognized value for EXPLAIN option "format": "${value}"`, position);
      format = found;
    } else if (isName(name)) {
      const on = arg === undefined ? true : switches[(constantOf(arg) ?? '').toLowerCase()];
      if (on === undefined) throw new SqlError(sqlstate.syntaxError, `${name} requires a Boolean value`);
      given.set(name, on);
    } else throw new SqlError(sqlstate.syntaxError, `unrecognized EXPLAIN option "${name}"`, position);
  }
  const isOn = (name: (typeof names)[number]): boolean => given.get(name) === true;
  const analyze = isOn('analyze');
  for (const name of ['wal', 'timing'] as const)
    if (isOn(name) && !analyze) throw new SqlError(sqlstate.invalidParameterValue, `EXPLAIN option ${name.toUpperCase()} requires ANALYZE`);
  if (analyze && isOn('generic_plan'))
    throw new SqlError(sqlstate.invalidParameterValue, 'EXPLAIN options ANALYZE and GENERIC_PLAN cannot be used together');
  return {
    analyze,
    verbose: isOn('verbose'),
    costs: given.get('costs') ?? true,
    timing: given.get('timing') ?? analyze,
    summary: given.get('summary') ?? analyze,
    settings: isOn('settings'),
    format,
  };
}

/** Settings that bear on plans: those that PostgreSQL marks so and that are known here. */
const planSettings =
  /^(enable_\w+|cpu_\w+|parallel_\w+|min_parallel_\w+|max_parallel_workers(_per_gather)?|geqo\w*|jit\w*|random_page_cost|seq_page_cost|effective_cache_size|effective_io_concurrency|work_mem|hash_mem_multiplier|temp_buffers|from_collapse_limit|join_collapse_limit|cursor_tuple_fraction|constraint_exclusion|plan_cache_mode|recursive_worktable_factor|default_statistics_target|search_path|dsql\.enable_batched_nestloop)$/;

/** Those of them that are not at their default, by name. */
export function changedPlanSettings(settings: SessionSettings): readonly (readonly [string, string])[] {
  return [...settingDefinitions().values()]
    .filter(({ name }) => planSettings.test(name))
    .flatMap(({ name, defaultValue }): (readonly [string, string])[] => {
      const value = settings.get(name) ?? defaultValue;
      return value === defaultValue ? [] : [[name, value]];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
