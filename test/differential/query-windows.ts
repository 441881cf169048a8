/** Random window calls. Where a call's value hangs on the order of peers, the window is ordered by everything that the level has. */
import { type Atom, type Context, condition, scalar } from './query-scalars.ts';
import type { ValueType } from './query-values.ts';

/** Window calls over a level whose rows `all` tells apart. */
export function windowAtoms(context: Context, all: readonly Atom[], count: number): readonly Atom[] {
  return context.random.times(count, () => windowAtom(context, all));
}

function windowAtom(context: Context, all: readonly Atom[]): Atom {
  const { random } = context;
  const inner: Context = { ...context, subquery: undefined };
  const partition = random.chance(0.5) ? `PARTITION BY ${random.pick(all).sql}` : '';
  const directions = ['', '', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST'];
  const total = `ORDER BY ${random
    .shuffled(all)
    .map(({ sql }) => `${sql}${random.pick(directions)}`)
    .join(', ')}`;
  const over = (order: string, frame = ''): string => `OVER (${[partition, order, frame].filter((part) => part !== '').join(' ')})`;
  const type = random.pick<ValueType>(['int4', 'text', 'date', 'numeric']);
  const of = (wanted: ValueType): string => scalar(inner, wanted, 1);
  const few = `ORDER BY ${random.pick(all).sql}${random.pick(directions)}`;
  const filter = random.chance(0.2) ? ` FILTER (WHERE ${condition(inner, 0)})` : '';
  const frame = random.chance(0.6) ? anyFrame(context) : '';
  const rangeKey = all.filter(({ type: of }) => of === 'int4' || of === 'numeric' || of === 'date' || of === 'int8' || of === 'timestamp');
  return random.pick<() => Atom>([
    () => ({ type: 'int8', sql: `row_number() ${over(total)}` }),
    () => ({ type: 'int8', sql: `${random.pick(['rank', 'dense_rank'])}() ${over(few)}` }),
    () => ({ type: 'float8', sql: `round((${random.pick(['percent_rank', 'cume_dist'])}() ${over(few)})::numeric, 4)::float8` }),
    () => ({ type: 'int4', sql: `ntile(${random.int(1, 4)}) ${over(total)}` }),
    () => ({ type, sql: `${random.pick(['lag', 'lead'])}(${of(type)}, ${random.int(0, 2)}) ${over(total)}` }),
    () => ({ type, sql: `${random.pick(['lag', 'lead'])}(${of(type)}, 1, ${of(type)}) ${over(total)}` }),
    () => ({ type, sql: `${random.pick(['first_value', 'last_value'])}(${of(type)}) ${over(total, frame)}` }),
    () => ({ type, sql: `nth_value(${of(type)}, ${random.int(1, 3)}) ${over(total, frame)}` }),
    () => ({ type: 'int8', sql: `sum(${of('int4')})${filter} ${over(total, frame)}` }),
    () => ({ type: 'int8', sql: `count(*)${filter} ${over(few)}` }),
    () => ({ type: 'int4', sql: `max(${of('int4')})${filter} ${over(total, frame)}` }),
    () => ({ type: 'text', sql: `min(${of('text')})${filter} ${over(few, random.chance(0.4) ? groupsFrame(context) : '')}` }),
    () => {
      if (rangeKey.length === 0) return { type: 'int8', sql: `count(${of('text')}) ${over('')}` };
      const key = random.pick(rangeKey);
      const isTime = key.type === 'date' || key.type === 'timestamp';
      const offset = (): string => (isTime ? `interval '${random.int(0, 2)} days'` : String(random.int(0, 2)));
      const range = `RANGE BETWEEN ${offset()} PRECEDING AND ${offset()} FOLLOWING${exclusion(context)}`;
      return { type: 'int8', sql: `sum(${of('int4')})${filter} ${over(`ORDER BY ${key.sql}${random.pick(['', ' DESC'])}`, range)}` };
    },
  ])();
}

const exclusion = ({ random }: Context): string =>
  random.pick(['', '', '', ' EXCLUDE CURRENT ROW', ' EXCLUDE GROUP', ' EXCLUDE TIES', ' EXCLUDE NO OTHERS']);

function bounds({ random }: Context): string {
  return random.pick([
    'BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW',
    'BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING',
    'BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING',
    `BETWEEN ${random.int(0, 2)} PRECEDING AND CURRENT ROW`,
    `BETWEEN ${random.int(0, 2)} PRECEDING AND ${random.int(0, 2)} FOLLOWING`,
    `BETWEEN ${random.int(0, 1)} FOLLOWING AND ${random.int(0, 3)} FOLLOWING`,
    `BETWEEN ${random.int(0, 3)} PRECEDING AND ${random.int(0, 1)} PRECEDING`,
    `${random.int(0, 2)} PRECEDING`,
    'UNBOUNDED PRECEDING',
    'CURRENT ROW',
  ]);
}

const groupsFrame = (context: Context): string => `GROUPS ${bounds(context)}${exclusion(context)}`;

function anyFrame(context: Context): string {
  return context.random.chance(0.6) ? `ROWS ${bounds(context)}${exclusion(context)}` : groupsFrame(context);
}
