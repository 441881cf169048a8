/**
 * Whatever the planner does to a query, its answer stays: each query is run with all rules, with none, and with ways of joining and
 * reading forbidden, over the same rows.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Datum } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import { Numeric } from '#sql/types/numeric-value.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import { indexLayoutOf, layoutOf } from '../catalog/table-layout.ts';
import { InMemoryRun, InMemoryStorage, runPlan } from '../executor/testing/in-memory-run.ts';
import { loadParser } from '../parser/parse.ts';
import type { PlannerSettings } from './environment.ts';
import { planQuery, planWith } from './plan.ts';
import { equivalenceQueries } from './testing/equivalence-queries.ts';
import { assertPlanIsSound } from './testing/plan-invariants.ts';
import { bind, plannerEnvironment } from './testing/plan-sql.ts';
import { testTables } from './testing/test-catalog.ts';

beforeAll(() => loadParser());

let seed = 7;
const random = (below: number): number => {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
  return Math.floor((seed / 0x80000000) * below);
};

/** Small domains, so that joins and conditions meet, and NULLs where they may be. */
function value(table: TableDescriptor, attribute: number, row: number): Datum {
  const column = table.columns[attribute - 1];
  const keys = table.primaryKey?.attributeNumbers ?? [];
  if (keys.length === 1 && keys[0] === attribute) return row;
  if (keys.length > 1 && keys[0] === attribute) return Math.floor(row / 3);
  if (keys.length > 1 && keys[1] === attribute) return row % 3;
  if (!column.notNull && random(6) === 0) return null;
  switch (column.type.oid) {
    case oid.int4:
    case oid.int8:
      return random(12);
    case oid.text:
    case oid.varchar:
      return column.name === 'name' ? `n${row}` : ['red', 'green', 'blue', 'greenish', ''][random(5)];
    case oid.bool:
      return random(2) === 0;
    case oid.numeric:
      return Numeric.of(BigInt(random(100)), 0);
    default:
      return random(5) * 86_400_000_000;
  }
}

const sizes: ReadonlyMap<string, number> = new Map([
  ['t', 40],
  ['u', 50],
  ['items', 45],
  ['orders', 30],
  ['customers', 10],
  ['heap', 15],
]);

function filled(): InMemoryStorage {
  const storage = new InMemoryStorage();
  const source = { float: () => 0, bytes: (count: number) => Uint8Array.from({ length: count }, () => random(256)) };
  for (const table of testTables) {
    const layout = layoutOf(table);
    for (let row = 0; row < (sizes.get(table.name) ?? 0); row++) {
      const values = table.columns.map((column) => value(table, column.attributeNumber, row));
      const key = layout.rowKey(values, source);
      storage.rows.set(key, layout.encode(values));
      for (const index of table.indexes) {
        if (index.predicateText === 'active' && values[5] !== true) continue;
        const entry = indexLayoutOf(table, index).entry(
          index.keys.map((k) => values[k.attributeNumber - 1]),
          values,
          key,
        );
        storage.rows.set(entry.key, entry.value);
      }
    }
  }
  return storage;
}

const text = (datum: Datum): string =>
  datum === null ? 'null' : typeof datum === 'object' && 'items' in datum ? `{${datum.items.map(text).join()}}` : String(datum);
const rowTexts = (rows: readonly (readonly Datum[])[]): string[] => rows.map((row) => row.map(text).join('|'));

const ways: Readonly<Record<string, Partial<PlannerSettings>>> = {
  'all ways': {},
  'no hash join': { enableHashJoin: false },
  'no nested loop': { enableNestedLoop: false },
  'no index scan': { enableIndexScan: false },
  'no sort': { enableSort: false },
  'no incremental sort': { enableIncrementalSort: false },
  'no hash aggregate': { enableHashAggregate: false },
  'no hash join and no sequential scan': { enableHashJoin: false, enableSeqScan: false },
};

describe('a query answers the same however it is planned', () => {
  const storage = filled();
  const statistics = [sizes, new Map<string, number>([...sizes.keys()].map((name) => [name, name === 't' ? 3 : 1_000_000]))];
  for (const sql of equivalenceQueries)
    it(sql, async () => {
      const query = bind(sql);
      const isOrdered = /^[^(]*\border by\b[^)]*$/i.test(sql);
      const arranged = (rows: string[]) => (isOrdered ? rows : rows.sort());
      const naive = planWith([], query, plannerEnvironment());
      assertPlanIsSound(naive);
      const expected = arranged(rowTexts(await runPlan(naive, new InMemoryRun(storage))));
      for (const [name, settings] of Object.entries(ways))
        for (const rows of name === 'all ways' ? statistics : statistics.slice(0, 1)) {
          const plan = planQuery(query, plannerEnvironment(settings, rows));
          assertPlanIsSound(plan);
          expect(arranged(rowTexts(await runPlan(plan, new InMemoryRun(storage)))), name).toEqual(expected);
        }
    });
});
