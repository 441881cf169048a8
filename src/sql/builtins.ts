/**
 * Look-ups over PostgreSQL's built-in functions, operators, casts and aggregates (`postgres/`, generated from its catalog),
 * indexed once on first use.
 */

import { dsqlProcs } from './functions/dsql.ts';
import { type PgAggregate, pgAggregates } from './postgres/pg-aggregate.ts';
import { type PgCast, pgCasts } from './postgres/pg-cast.ts';
import { pgAmops, pgOpclasses } from './postgres/pg-opclass.ts';
import { type PgOperator, pgOperators } from './postgres/pg-operator.ts';
import { type PgProc, pgProcs } from './postgres/pg-proc.ts';

const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

function groupBy<Row, Name>(rows: readonly Row[], nameOf: (row: Row) => Name): Map<Name, Row[]> {
  const groups = new Map<Name, Row[]>();
  for (const row of rows) {
    const group = groups.get(nameOf(row));
    if (group === undefined) groups.set(nameOf(row), [row]);
    else group.push(row);
  }
  return groups;
}

const allProcs = once(() => [...pgProcs, ...dsqlProcs]);
const procsIndexed = once(() => new Map(allProcs().map((proc) => [proc.oid, proc])));
const procsNamed = once(() => groupBy(allProcs(), (proc) => proc.name));
const operatorsIndexed = once(() => new Map(pgOperators.map((operator) => [operator.oid, operator])));
const operatorsNamed = once(() => groupBy(pgOperators, (operator) => operator.name));
const castsIndexed = once(() => new Map(pgCasts.map((cast) => [`${cast.source}>${cast.target}`, cast])));
const aggregatesIndexed = once(() => new Map(pgAggregates.map((aggregate) => [aggregate.function, aggregate])));

export const procByOid = (oid: number): PgProc | undefined => procsIndexed().get(oid);
export const procsByName = (name: string): readonly PgProc[] => procsNamed().get(name) ?? [];
export const operatorByOid = (oid: number): PgOperator | undefined => operatorsIndexed().get(oid);
export const operatorsByName = (name: string): readonly PgOperator[] => operatorsNamed().get(name) ?? [];
export const castBetween = (source: number, target: number): PgCast | undefined => castsIndexed().get(`${source}>${target}`);
export const aggregateByOid = (procOid: number): PgAggregate | undefined => aggregatesIndexed().get(procOid);

/** btree strategies: 1 <, 2 <=, 3 =, 4 >=, 5 >. */
export type BtreeStrategy = 1 | 2 | 3 | 4 | 5;

const btreeFamilies = once(() => {
  const byType = new Map<number, number>();
  for (const opclass of pgOpclasses) if (opclass.method === 'btree' && opclass.isDefault) byType.set(opclass.inputType, opclass.family);
  return byType;
});
const amopsIndexed = once(
  () =>
    new Map(
      pgAmops
        .filter((amop) => amop.method === 'btree')
        .map((amop) => [`${amop.family}/${amop.left}/${amop.right}/${amop.strategy}`, amop.operator]),
    ),
);
const strategiesByOperator = once(() => {
  const found = new Map<number, { strategy: BtreeStrategy; left: number; right: number }>();
  for (const amop of pgAmops)
    if (amop.method === 'btree') found.set(amop.operator, { strategy: amop.strategy as BtreeStrategy, left: amop.left, right: amop.right });
  return found;
});

/** The family of a type's default btree operator class: types of one family compare with each other (int2, int4, int8). */
export const btreeFamily = (typeOid: number): number | undefined => btreeFamilies().get(typeOid);

/** The operator of a strategy between two types of one family; undefined where there is none. */
export function btreeOperator(left: number, right: number, strategy: BtreeStrategy): number | undefined {
  const family = btreeFamilies().get(left) ?? btreeFamilies().get(right);
  return family === undefined ? undefined : amopsIndexed().get(`${family}/${left}/${right}/${strategy}`);
}

/** What a comparison operator means to a btree; undefined for every other operator. */
export const btreeStrategy = (operatorOid: number) => strategiesByOperator().get(operatorOid);
