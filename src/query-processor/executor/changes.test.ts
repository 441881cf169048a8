/** INSERT, UPDATE and DELETE against a table held in memory: what is written, under which mode, and what is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SqlError } from '#base/sql-error.ts';
import type { Datum } from '#sql/datum.ts';
import { column, constant } from '#sql/evaluate/build-expression.ts';
import { oid } from '#sql/oids.ts';
import type { NamedExpression, OnConflict } from '../analyzer/logical-plan.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import { indexLayoutOf, layoutOf } from '../catalog/table-layout.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { insertBatches } from './insert.ts';
import { drain, InMemoryRun, InMemoryStorage, InMemoryTransaction, runPlan } from './testing/in-memory-run.ts';
import {
  columnDescriptor,
  estimate,
  indexDescriptor,
  maintenanceOf,
  op,
  out,
  tableColumns,
  tableDescriptor,
  valuesPlan,
} from './testing/plans.ts';

/** t (id int primary key, name text not null, score int unique), with an index on name. */
const table = tableDescriptor(
  20000,
  [
    columnDescriptor(1, 'id', oid.int4, { notNull: true }),
    columnDescriptor(2, 'name', oid.text, { notNull: true }),
    columnDescriptor(3, 'score', oid.int4),
  ],
  {
    primaryKey: { indexOid: 20001, constraintOid: 20001, name: 't_pkey', attributeNumbers: [1] },
    indexes: [
      indexDescriptor(20002, 't_score_key', [[3, oid.int4]], { isUnique: true }),
      indexDescriptor(20003, 't_name', [[2, oid.text]]),
    ],
  },
);
const types = [oid.int4, oid.text, oid.int4];
const newId = 100;
const newColumns = tableColumns(table, newId);

type Changes = Partial<Extract<PhysicalPlan, { kind: 'insert' }>>;

function insertPlan(
  rows: readonly (readonly Datum[])[],
  more: Changes = {},
  into: TableDescriptor = table,
): Extract<PhysicalPlan, { kind: 'insert' }> {
  return {
    kind: 'insert',
    output: [],
    estimate,
    table: into,
    input: valuesPlan(1, types, rows),
    values: types.map((typeOid, at) => ({ attributeNumber: at + 1, expression: column(1 + at, typeOid) })),
    newColumns: tableColumns(into, newId),
    generated: [],
    checks: [],
    indexes: maintenanceOf(into, newId),
    onConflict: undefined,
    conflictQueries: undefined,
    returning: undefined,
    ...more,
  };
}

const named = (id: number, expression: NamedExpression['expression']): NamedExpression => ({ id, name: `c${id}`, expression });
const returningAll: Changes = {
  output: [out(201), out(202, oid.text), out(203)],
  returning: newColumns.map((item, at) => named(201 + at, column(item.id, item.type.oid))),
};

/** A scan of the whole table that yields its key as column 9. */
const scanId = 10;
const scan = (): PhysicalPlan => ({
  kind: 'tableScan',
  output: [...tableColumns(table, scanId), out(9, oid.bytea)],
  estimate,
  table,
  alias: 't',
  keyColumn: 9,
  access: undefined,
  descending: false,
  filter: undefined,
  limit: undefined,
});

function updatePlan(
  assignments: readonly (readonly [number, NamedExpression['expression']])[],
  more: Partial<Extract<PhysicalPlan, { kind: 'update' }>> = {},
): PhysicalPlan {
  return {
    kind: 'update',
    output: [],
    estimate,
    table,
    input: scan(),
    keyColumn: 9,
    oldColumns: tableColumns(table, scanId),
    assignments: assignments.map(([attributeNumber, expression]) => ({ attributeNumber, expression })),
    newColumns,
    generated: [],
    checks: [],
    indexes: maintenanceOf(table, newId),
    returning: undefined,
    ...more,
  };
}

/** Storage with committed rows. */
async function stored(rows: readonly (readonly Datum[])[]): Promise<InMemoryStorage> {
  const storage = new InMemoryStorage();
  const transaction = new InMemoryTransaction();
  await runPlan(insertPlan(rows), new InMemoryRun(storage, transaction));
  storage.apply(transaction);
  return storage;
}

async function tableRows(run: InMemoryRun): Promise<Datum[][]> {
  const rows = await runPlan(scan(), run);
  return rows.map((row) => row.slice(0, 3));
}

/** The entries of every index are exactly what the rows ask for. */
function checkIndexes(storage: InMemoryStorage): void {
  const layout = layoutOf(table);
  const expected = new Set<string>();
  for (const [key, value] of storage.rows) {
    if (key < layout.rowRange.start || key >= layout.rowRange.end) continue;
    const row = layout.decode(value);
    for (const index of table.indexes) {
      const values = index.keys.map((item) => row[item.attributeNumber - 1]);
      const entry = indexLayoutOf(table, index).entry(values, row, key);
      expected.add(entry.key);
      expect(Buffer.from(storage.rows.get(entry.key) ?? []).equals(Buffer.from(entry.value))).toBe(true);
    }
  }
  const entries = [...storage.rows.keys()].filter((key) => key >= layout.rowRange.end);
  expect(entries.length).toBe(expected.size);
}

async function failure(plan: PhysicalPlan, run: InMemoryRun): Promise<SqlError> {
  try {
    await runPlan(plan, run);
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
  throw new Error('no error');
}

describe('insert', () => {
  it('writes rows and entries, and counts', async () => {
    const run = new InMemoryRun();
    await runPlan(
      insertPlan([
        [1, 'a', 10],
        [2, 'b', null],
      ]),
      run,
    );
    expect(run.changedRows).toBe(2);
    expect(run.transaction.rowCount).toBe(2);
    expect(run.transaction.relations.get(20000)).toBe(true);
    expect([...run.transaction.writes.values()].map((write) => write.mode).sort()).toEqual([
      'blind',
      'blind',
      'blind',
      'write',
      'write',
      'write',
    ]);
    expect(await tableRows(run)).toEqual([
      [1, 'a', 10],
      [2, 'b', null],
    ]);
  });

  it('returns the new rows with columns of the input', async () => {
    const plan = insertPlan([[1, 'a', 10]], {
      output: [out(201), out(202)],
      returning: [named(201, column(newId)), named(202, op(column(1), '+', column(newId + 2)))],
    });
    expect(await runPlan(plan)).toEqual([[1, 11]]);
  });

  it('refuses NULL, and says which row', async () => {
    const error = await failure(
      insertPlan([
        [1, 'a', 10],
        [2, null, 7],
      ]),
      new InMemoryRun(),
    );
    expect(error.sqlstate).toBe('23502');
    expect(error.message).toBe('null value in column "name" of relation "t" violates not-null constraint');
    expect(error.fields).toMatchObject({ detail: 'Failing row contains (2, null, 7).', schema: 'public', table: 't', column: 'name' });
  });

  it('cuts long values in the detail', async () => {
    const error = await failure(insertPlan([[null, 'é'.repeat(40), 7]]), new InMemoryRun());
    expect(error.fields.detail).toBe(`Failing row contains (null, ${'é'.repeat(32)}..., 7).`);
  });

  it('refuses what a check is false for, and takes what it is unknown for', async () => {
    const checks = [{ name: 't_score_check', condition: op(column(newId + 2), '>', constant(0)) }];
    const error = await failure(
      insertPlan(
        [
          [1, 'a', null],
          [2, 'b', -1],
        ],
        { checks },
      ),
      new InMemoryRun(),
    );
    expect(error.sqlstate).toBe('23514');
    expect(error.message).toBe('new row for relation "t" violates check constraint "t_score_check"');
    expect(error.fields).toMatchObject({ detail: 'Failing row contains (2, b, -1).', constraint: 't_score_check' });
  });

  it('reports the first faulty row, whatever its fault', async () => {
    const storage = await stored([[1, 'a', 10]]);
    const error = await failure(
      insertPlan([
        [5, 'e', 1],
        [1, 'x', 2],
        [6, null, 3],
      ]),
      new InMemoryRun(storage),
    );
    expect(error.sqlstate).toBe('23505');
    expect(error.message).toBe('duplicate key value violates unique constraint "t_pkey"');
    expect(error.fields).toMatchObject({ detail: 'Key (id)=(1) already exists.', constraint: 't_pkey', table: 't', schema: 'public' });
  });

  it('keeps unique indexes: within a batch, and against what is stored', async () => {
    const twice = await failure(
      insertPlan([
        [1, 'a', 10],
        [2, 'b', 10],
      ]),
      new InMemoryRun(),
    );
    expect(twice.fields.detail).toBe('Key (score)=(10) already exists.');
    const run = new InMemoryRun(await stored([[1, 'a', 10]]));
    expect((await failure(insertPlan([[3, 'c', 10]]), run)).fields.constraint).toBe('t_score_key');
    expect(run.transaction.writes.size).toBe(0);
  });

  it('takes any number of NULLs in a unique index, unless they are not distinct', async () => {
    await runPlan(
      insertPlan([
        [1, 'a', null],
        [2, 'b', null],
      ]),
    );
    const strict = tableDescriptor(21000, table.columns, {
      primaryKey: table.primaryKey,
      indexes: [indexDescriptor(21002, 't_score_key', [[3, oid.int4]], { isUnique: true, nullsNotDistinct: true })],
    });
    const error = await failure(
      insertPlan(
        [
          [1, 'a', null],
          [2, 'b', null],
        ],
        {},
        strict,
      ),
      new InMemoryRun(),
    );
    expect(error.fields.detail).toBe('Key (score)=(null) already exists.');
  });

  it('sees what the transaction deleted before', async () => {
    const storage = await stored([[1, 'a', 10]]);
    const run = new InMemoryRun(storage);
    await runPlan(deletePlan(), run);
    await runPlan(insertPlan([[1, 'again', 10]]), run);
    expect(await tableRows(run)).toEqual([[1, 'again', 10]]);
  });

  it('does not see its own rows when it reads the table that it fills', async () => {
    const storage = await stored([
      [1, 'a', 1],
      [2, 'b', 2],
    ]);
    const run = new InMemoryRun(storage);
    const plan = insertPlan([], {
      input: scan(),
      values: [
        { attributeNumber: 1, expression: op(column(scanId), '+', constant(10)) },
        { attributeNumber: 2, expression: column(scanId + 1, oid.text) },
      ],
    });
    await runPlan(plan, run);
    expect(run.changedRows).toBe(2);
  });

  it('computes generated columns before it checks', async () => {
    const plan = insertPlan(
      [
        [1, 'a', null],
        [2, 'b', null],
      ],
      {
        generated: [{ attributeNumber: 3, expression: op(column(newId), '*', constant(2)) }],
        ...returningAll,
      },
    );
    expect(await runPlan(plan)).toEqual([
      [1, 'a', 2],
      [2, 'b', 4],
    ]);
  });

  it('takes batches from elsewhere', async () => {
    const run = new InMemoryRun();
    await drain(
      insertBatches(
        insertPlan([]),
        [
          {
            rowCount: 2,
            columns: [
              [1, 2],
              ['a', 'b'],
              [5, 6],
            ].map((values) => ({ values, nulls: undefined, mask: -1 as const })),
          },
        ],
        run,
      ),
    );
    expect(await tableRows(run)).toEqual([
      [1, 'a', 5],
      [2, 'b', 6],
    ]);
  });

  it('keeps rows without a primary key apart', async () => {
    const heap = tableDescriptor(22000, table.columns);
    const run = new InMemoryRun();
    await runPlan(
      insertPlan(
        [
          [1, 'a', 1],
          [1, 'a', 1],
        ],
        {},
        heap,
      ),
      run,
    );
    expect(run.transaction.writes.size).toBe(2);
  });
});

describe('profile dsql', () => {
  const large = (bytes: number): Datum[] => [1, 'x'.repeat(bytes), null];
  const dsqlRun = (): InMemoryRun => {
    const run = new InMemoryRun();
    return Object.assign(run, { context: { ...run.context, settings: { ...run.context.settings, profile: 'dsql' as const } } });
  };
  // The index on name would refuse such keys first.
  const plain = tableDescriptor(23000, table.columns);

  it('refuses columns over 1 MiB', async () => {
    await runPlan(insertPlan([large(1024 * 1024)], {}, plain), dsqlRun());
    const error = await failure(insertPlan([large(1024 * 1024 + 1)], {}, plain), dsqlRun());
    expect([error.sqlstate, error.message]).toEqual(['54000', 'datatype limit greater than 1048576 bytes not supported for text']);
    await runPlan(insertPlan([large(1024 * 1024 + 1)], {}, plain), new InMemoryRun());
  });
});

const doNothing: OnConflict = { arbiters: [], action: { kind: 'nothing' } };
const existing = tableColumns(table, 300);
const excluded = tableColumns(table, 400);
const doUpdate = (arbiter: number, where?: NamedExpression['expression']): OnConflict => ({
  arbiters: [arbiter],
  action: {
    kind: 'update',
    existing,
    excluded,
    assignments: [
      { attributeNumber: 2, expression: column(401, oid.text) },
      { attributeNumber: 3, expression: op(column(302), '+', column(402)) },
    ],
    where,
  },
});

describe('on conflict', () => {
  it('leaves out rows whose key is taken, in the table or before in the command', async () => {
    const run = new InMemoryRun(await stored([[1, 'a', 10]]));
    const rows = [
      [1, 'x', 1],
      [2, 'b', 10],
      [3, 'c', 30],
      [3, 'd', 31],
      [4, 'e', 30],
    ];
    expect(await runPlan(insertPlan(rows, { onConflict: doNothing, ...returningAll }), run)).toEqual([[3, 'c', 30]]);
    expect(run.changedRows).toBe(1);
  });

  it('only looks at the arbiter', async () => {
    const run = new InMemoryRun(await stored([[1, 'a', 10]]));
    const error = await failure(insertPlan([[2, 'b', 10]], { onConflict: { arbiters: [20001], action: { kind: 'nothing' } } }), run);
    expect(error.fields.constraint).toBe('t_score_key');
  });

  it('updates the row that holds the key', async () => {
    const storage = await stored([
      [1, 'a', 10],
      [2, 'b', 20],
    ]);
    const run = new InMemoryRun(storage);
    const rows = [
      [1, 'x', 1],
      [3, 'c', 30],
    ];
    expect(await runPlan(insertPlan(rows, { onConflict: doUpdate(20001), ...returningAll }), run)).toEqual([
      [1, 'x', 11],
      [3, 'c', 30],
    ]);
    expect(run.changedRows).toBe(2);
    storage.apply(run.transaction);
    checkIndexes(storage);
  });

  it('finds the row through a unique index', async () => {
    const run = new InMemoryRun(await stored([[1, 'a', 10]]));
    expect(await runPlan(insertPlan([[9, 'x', 10]], { onConflict: doUpdate(20002), ...returningAll }), run)).toEqual([[1, 'x', 20]]);
  });

  it('leaves rows alone for which WHERE is not true', async () => {
    const run = new InMemoryRun(
      await stored([
        [1, 'a', 10],
        [2, 'b', 20],
      ]),
    );
    const where = op(column(302), '>', constant(15));
    const rows = [
      [1, 'x', 1],
      [2, 'y', 1],
    ];
    expect(await runPlan(insertPlan(rows, { onConflict: doUpdate(20001, where), ...returningAll }), run)).toEqual([[2, 'y', 21]]);
    expect(run.changedRows).toBe(1);
  });

  it('does not touch a row twice', async () => {
    const stored1 = new InMemoryRun(await stored([[1, 'a', 10]]));
    const twiceUpdated = await failure(
      insertPlan(
        [
          [1, 'x', 1],
          [1, 'y', 2],
        ],
        { onConflict: doUpdate(20001) },
      ),
      stored1,
    );
    expect(twiceUpdated.sqlstate).toBe('21000');
    expect(twiceUpdated.message).toBe('ON CONFLICT DO UPDATE command cannot affect row a second time');
    const inserted = await failure(
      insertPlan(
        [
          [5, 'x', 1],
          [5, 'y', 2],
        ],
        { onConflict: doUpdate(20001) },
      ),
      new InMemoryRun(),
    );
    expect(inserted.sqlstate).toBe('21000');
  });
});

function deletePlan(more: Partial<Extract<PhysicalPlan, { kind: 'delete' }>> = {}): PhysicalPlan {
  return {
    kind: 'delete',
    output: [],
    estimate,
    table,
    input: scan(),
    keyColumn: 9,
    oldColumns: tableColumns(table, scanId),
    indexes: maintenanceOf(table, scanId),
    returning: undefined,
    ...more,
  };
}

describe('update', () => {
  it('marks a change of other columns `update`, and of key columns `write`', async () => {
    const storage = await stored([[1, 'a', 10]]);
    const plain = new InMemoryRun(storage);
    await runPlan(updatePlan([[2, constant('z', oid.text)]]), plain);
    const rowKey = layoutOf(table).rowKey([1, null, null], plain.context.random);
    expect(plain.transaction.writes.get(rowKey)?.mode).toBe('update');
    // The unique index on score is not touched; the one on name is, blindly.
    expect([...plain.transaction.writes.values()].map((write) => write.mode).sort()).toEqual(['blind', 'blind', 'update']);
    const unique = new InMemoryRun(storage);
    await runPlan(updatePlan([[3, constant(11)]]), unique);
    expect(unique.transaction.writes.get(rowKey)?.mode).toBe('write');
    const same = new InMemoryRun(storage);
    await runPlan(updatePlan([[3, constant(10)]]), same);
    expect([...same.transaction.writes.values()].map((write) => write.mode)).toEqual(['update']);
  });

  it('moves rows to other keys, each seeing those moved before it', async () => {
    const storage = await stored([
      [1, 'a', 10],
      [2, 'b', 20],
      [3, 'c', 30],
    ]);
    const run = new InMemoryRun(storage);
    await runPlan(updatePlan([[1, op(column(scanId), '-', constant(1))]]), run);
    expect(await tableRows(run)).toEqual([
      [0, 'a', 10],
      [1, 'b', 20],
      [2, 'c', 30],
    ]);
    storage.apply(run.transaction);
    checkIndexes(storage);
    const upward = new InMemoryRun(storage);
    const error = await failure(updatePlan([[1, op(column(scanId), '+', constant(1))]]), upward);
    expect(error.fields.detail).toBe('Key (id)=(1) already exists.');
    expect(upward.transaction.writes.size).toBe(0);
  });

  it('updates a row once, however often it is joined', async () => {
    const storage = await stored([[1, 'a', 10]]);
    const run = new InMemoryRun(storage);
    const joined: PhysicalPlan = {
      kind: 'nestedLoop',
      output: [...tableColumns(table, scanId), out(9, oid.bytea), out(50)],
      estimate,
      join: 'inner',
      outer: scan(),
      inner: valuesPlan(50, [oid.int4], [[5], [6]]),
      condition: undefined,
      bindings: [],
    };
    await runPlan(updatePlan([[3, column(50)]], { input: joined }), run);
    expect(run.changedRows).toBe(1);
    expect(await tableRows(run)).toEqual([[1, 'a', 5]]);
  });

  it('checks the new row', async () => {
    const storage = await stored([[1, 'a', 10]]);
    const error = await failure(updatePlan([[2, constant(null, oid.text)]]), new InMemoryRun(storage));
    expect(error.fields.detail).toBe('Failing row contains (1, null, 10).');
  });

  it('returns new values beside the old', async () => {
    const storage = await stored([[1, 'a', 10]]);
    const plan = updatePlan([[3, op(column(scanId + 2), '+', constant(1))]], {
      output: [out(201), out(202)],
      returning: [named(201, column(newId + 2)), named(202, column(scanId + 2))],
    });
    expect(await runPlan(plan, new InMemoryRun(storage))).toEqual([[11, 10]]);
  });
});

describe('delete', () => {
  it('leaves neither rows nor entries, and returns what was there', async () => {
    const storage = await stored([
      [1, 'a', 10],
      [2, 'b', null],
    ]);
    const run = new InMemoryRun(storage);
    const rows = await runPlan(deletePlan({ output: [out(201, oid.text)], returning: [named(201, column(scanId + 1, oid.text))] }), run);
    expect(rows).toEqual([['a'], ['b']]);
    storage.apply(run.transaction);
    expect(storage.rows.size).toBe(0);
  });
});

it('any sequence of changes keeps rows as they should be, and indexes as the rows ask for', async () => {
  const id = fc.integer({ min: 0, max: 5 });
  const score = fc.option(fc.integer({ min: 0, max: 4 }), { nil: null });
  const change = fc.oneof(
    fc.record({ kind: fc.constant('insert' as const), id, name: fc.constantFrom('a', 'b'), score }),
    fc.record({ kind: fc.constant('move' as const), by: fc.constantFrom(-1, 1) }),
    fc.record({ kind: fc.constant('score' as const), id, score }),
    fc.record({ kind: fc.constant('delete' as const), id }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 14 }), async (changes) => {
      const storage = new InMemoryStorage();
      const transaction = new InMemoryTransaction();
      let model = new Map<number, [string, number | null]>();
      const filtered = (wanted: number): PhysicalPlan => ({
        kind: 'filter',
        output: scan().output,
        estimate,
        input: scan(),
        condition: op(column(scanId), '=', constant(wanted)),
      });
      for (const step of changes) {
        const run = new InMemoryRun(storage, transaction);
        let plan: PhysicalPlan;
        let after: Map<number, [string, number | null]> | undefined = new Map(model);
        if (step.kind === 'insert') {
          plan = insertPlan([[step.id, step.name, step.score]]);
          const taken = [...model.values()].some((row) => row[1] !== null && row[1] === step.score);
          if (model.has(step.id) || taken) after = undefined;
          else after.set(step.id, [step.name, step.score]);
        } else if (step.kind === 'move') {
          plan = updatePlan([[1, op(column(scanId), '+', constant(step.by))]]);
          for (const moved of [...model.keys()].sort((a, b) => a - b)) {
            if (after?.has(moved + step.by)) after = undefined;
            if (after === undefined) break;
            after.set(moved + step.by, model.get(moved) ?? ['', null]);
            after.delete(moved);
          }
        } else if (step.kind === 'score') {
          plan = updatePlan([[3, constant(step.score)]], { input: filtered(step.id) });
          const row = model.get(step.id);
          const taken = [...model].some(([other, values]) => other !== step.id && values[1] !== null && values[1] === step.score);
          if (row !== undefined && taken) after = undefined;
          else if (row !== undefined) after.set(step.id, [row[0], step.score]);
        } else {
          plan = deletePlan({ input: filtered(step.id) });
          after.delete(step.id);
        }
        if (after === undefined) expect((await failure(plan, run)).sqlstate).toBe('23505');
        else {
          await runPlan(plan, run);
          model = after;
        }
      }
      const expected = [...model].sort((a, b) => a[0] - b[0]).map(([rowId, values]) => [rowId, ...values]);
      expect(await tableRows(new InMemoryRun(storage, transaction))).toEqual(expected);
      storage.apply(transaction);
      checkIndexes(storage);
    }),
    { numRuns: 60 },
  );
});
