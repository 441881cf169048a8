import { beforeAll, describe, expect, it } from 'vitest';
import { loadParser } from '../parser/parse.ts';
import { defaultExplainOptions, type ExplainFigures, explain, explainData } from './explain.ts';
import { type ExplainData, writeStructured } from './explain-format.ts';
import type { PhysicalPlan } from './physical-plan.ts';
import { childPlans } from './physical-tree.ts';
import { planQuery } from './plan.ts';
import { bind, plannerEnvironment } from './testing/plan-sql.ts';

beforeAll(() => loadParser());

const plan = (sql: string): PhysicalPlan => planQuery(bind(sql), plannerEnvironment());

function figuresOf(root: PhysicalPlan): Map<PhysicalPlan, ExplainFigures> {
  const figures = new Map<PhysicalPlan, ExplainFigures>();
  const visit = (node: PhysicalPlan) => {
    figures.set(node, { rows: 6, loops: 2, startupMs: 1, timeMs: 3, removed: 8, memory: undefined });
    for (const child of childPlans(node)) visit(child);
  };
  visit(root);
  return figures;
}

describe('text', () => {
  it('prints what PostgreSQL prints for a constant', () => {
    expect(explain(plan('select 1'))).toEqual(['Result  (cost=0.00..0.01 rows=1 width=4)']);
  });

  it('prints actual rows and times a loop', () => {
    const query = plan('select 1');
    const lines = explain(query, { ...defaultExplainOptions, costs: false, figures: figuresOf(query) });
    expect(lines).toEqual(['Result (actual time=0.500..1.500 rows=3 loops=2)']);
    expect(explain(query, { ...defaultExplainOptions, costs: false, figures: new Map() })).toEqual(['Result (never executed)']);
    expect(explain(query, { ...defaultExplainOptions, costs: false, timing: false, figures: figuresOf(query) })).toEqual([
      'Result (actual rows=3 loops=2)',
    ]);
  });

  it('says the output and the schema with VERBOSE', () => {
    expect(
      explain(plan('select a, count(*) from t group by a'), { ...defaultExplainOptions, costs: false, verbose: true }).slice(0, 5),
    ).toEqual([
      'GroupAggregate',
      '  Output: a, count(*)',
      '  Group Key: t.a',
      '  ->  Index Only Scan using t_a on public.t',
      '        Output: a',
    ]);
  });
});

describe('structured formats', () => {
  const costless = { ...defaultExplainOptions, costs: false };

  it('have the operators with their relationship', () => {
    const parsed = JSON.parse(writeStructured(explainData(plan('select t.id from t join u on u.t_id = t.id'), costless), 'json'));
    expect(parsed[0]).toMatchObject({
      'Node Type': 'Hash Join',
      'Join Type': 'Inner',
      'Hash Cond': '(u.t_id = t.id)',
      Plans: [
        { 'Node Type': 'Index Only Scan', 'Parent Relationship': 'Outer', 'Relation Name': 'u', 'Index Name': 'u_pkey' },
        { 'Node Type': 'Hash', 'Parent Relationship': 'Inner', Plans: [{ 'Relation Name': 't' }] },
      ],
    });
  });

  it('are laid out as by PostgreSQL', () => {
    const query = plan('select 1 as "a<b"');
    const data: ExplainData = [['Plan', { group: explainData(query, { ...defaultExplainOptions, figures: figuresOf(query) }) }]];
    expect(writeStructured(data, 'json')).toBe(`[
  {
    "Plan": {
      "Node Type": "Result",
      "Parallel Aware": false,
      "Async Capable": false,
      "Startup Cost": 0.00,
      "Total Cost": 0.01,
      "Plan Rows": 1,
      "Plan Width": 4,
      "Actual Startup Time": 0.500,
      "Actual Total Time": 1.500,
      "Actual Rows": 3,
      "Actual Loops": 2
    }
  }
]`);
    expect(
      writeStructured([['Plan', { group: explainData(plan("select a from t where b <> 'x' order by a"), costless) }]], 'yaml')
        .split('\n')
        .slice(0, 8),
    ).toEqual([
      '- Plan: ',
      '    Node Type: "Sort"',
      '    Parallel Aware: false',
      '    Async Capable: false',
      '    Sort Key: ',
      '      - "a"',
      '    Plans: ',
      '      - Node Type: "Index Only Scan"',
    ]);
    expect(
      writeStructured(
        [
          [
            'Plan',
            {
              group: [
                ['Sort Key', ['a < b']],
                ['Plans', { item: 'Plan', list: [[['Async Capable', false]]] }],
              ],
            },
          ],
        ],
        'xml',
      ),
    ).toBe(`<explain xmlns="http://www.postgresql.org/2009/explain">
  <Query>
    <Plan>
      <Sort-Key>
        <Item>a &lt; b</Item>
      </Sort-Key>
      <Plans>
        <Plan>
          <Async-Capable>false</Async-Capable>
        </Plan>
      </Plans>
    </Plan>
  </Query>
</explain>`);
  });
});
