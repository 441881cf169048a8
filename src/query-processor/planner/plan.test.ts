import { beforeAll, describe, expect, it } from 'vitest';
import { loadParser } from '../parser/parse.ts';
import type { PhysicalPlan } from './physical-plan.ts';
import { childPlans } from './physical-tree.ts';
import { planQuery } from './plan.ts';
import { assertPlanIsSound } from './testing/plan-invariants.ts';
import { bind, plannerEnvironment } from './testing/plan-sql.ts';

beforeAll(() => loadParser());

function plan(sql: string): PhysicalPlan {
  const made = planQuery(bind(sql), plannerEnvironment());
  assertPlanIsSound(made);
  return made;
}

function find<Kind extends PhysicalPlan['kind']>(root: PhysicalPlan, kind: Kind): Extract<PhysicalPlan, { kind: Kind }> {
  const queue = [root];
  for (const node of queue) {
    if (node.kind === kind) return node as Extract<PhysicalPlan, { kind: Kind }>;
    queue.push(...childPlans(node));
  }
  throw new Error(`no ${kind} in ${queue.map((node) => node.kind).join(' ')}`);
}

const kinds = (root: PhysicalPlan): string[] => [root.kind, ...childPlans(root).flatMap(kinds)];

describe('output', () => {
  it('is the query’s, in its order', () => {
    const query = bind('select b, id, b as again from t where a = 1');
    expect(planQuery(query, plannerEnvironment()).output.map((column) => column.id)).toEqual(query.output.map((column) => column.id));
  });

  it('needs no projection for a point read', () => {
    expect(kinds(plan('select * from t where id = 1'))).toEqual(['tableScan']);
    expect(kinds(plan('select b from t where id = 1'))).toEqual(['tableScan']);
  });
});

describe('functions that wait', () => {
  it('become an operator beneath', () => {
    expect(kinds(plan('select pg_sleep(1)'))).toEqual(['project', 'await', 'oneRow']);
    expect(kinds(plan('select * from pg_sleep(1)'))).toContain('await');
    expect(kinds(plan('insert into t (id, b) values (1, pg_sleep(1)::text)'))).toContain('await');
  });

  it('wait only for the rows that reach them', () => {
    const { targets } = find(plan('select case when a > 3 then pg_sleep(1) end from t'), 'await');
    expect(targets[0].expression).toMatchObject({ kind: 'function', args: [{ kind: 'case' }] });
  });
});

describe('subqueries', () => {
  it('in a CASE branch run only for its rows when they could fail', () => {
    const guarded = find(plan('select case when a > 3 then (select id from u) end from t'), 'apply');
    expect(guarded.subplan).toMatchObject({ kind: 'nestedLoop', outer: { kind: 'filter', input: { kind: 'oneRow' } } });
    const harmless = find(plan('select case when a > 3 then (select max(x) from u where u.id > 3) end from t'), 'apply');
    expect(harmless.bindings).toEqual([]);
  });

  it('that depend on no row are run once, before the scan that uses them', () => {
    const loop = find(plan('select id from t where id = (select max(x) from u)'), 'nestedLoop');
    expect(loop).toMatchObject({
      outer: { kind: 'apply' },
      inner: { kind: 'tableScan', access: { alternatives: [{ equal: [{ kind: 'outerValue' }] }] } },
    });
  });

  it('of DO UPDATE are run for the pairs of existing and proposed rows', () => {
    for (const where of ['', ' where u.t_id = t.id', ' where u.t_id = excluded.id']) {
      const insert = find(
        plan(`insert into t (id) values (1) on conflict (id) do update set a = (select max(x)::int4 from u${where})`),
        'insert',
      );
      expect(insert.conflictQueries?.plan).toMatchObject({ kind: 'apply', input: { kind: 'cteScan' } });
    }
  });
});

describe('changes', () => {
  it('keep up indexes that are valid, being built, or invalid but unique', () => {
    const { indexes } = find(plan("update orders set status = 'x' where id = 1"), 'update');
    expect(indexes.map((index) => index.indexOid)).toEqual([20310, 20311, 20313]);
  });

  it('read the few rows of IN (SELECT ... LIMIT n) by their keys', () => {
    const deletion = plan("delete from orders where id in (select id from orders where status = 'x' limit 100)");
    expect(kinds(deletion)).toEqual(['delete', 'lookupJoin', 'distinct', 'project', 'limit', 'tableScan']);
  });
});

describe('limits', () => {
  it('end scans, and locks only the rows that are returned', () => {
    expect(find(plan('select id from t where a > 3 limit 5'), 'limit').input).toMatchObject({ limit: 5 });
    expect(kinds(plan('select id from t where c > 3 limit 1 for update')).slice(0, 3)).toEqual(['project', 'lockRows', 'limit']);
  });

  it('keep only the first rows of a sort', () => {
    expect(find(plan('select id from t order by d, id limit 5 offset 2'), 'sort').limit).toBe(7);
    expect(find(plan('select id from t order by d fetch first 5 rows with ties'), 'sort').limit).toBeUndefined();
  });
});
