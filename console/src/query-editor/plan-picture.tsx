/** A plan as a picture: each operator a box with its rows and times, its inputs to the right of it; the wider the bar, the more of the time is its own. */
import { type ReactNode, useMemo } from 'react';
import { useTexts } from '../app/preferences.tsx';
import type { PlanNode } from './query-api.ts';

type Placed = {
  readonly node: PlanNode;
  readonly x: number;
  readonly y: number;
  readonly parent: Placed | undefined;
  /** Of the whole plan's time, what is spent in this operator itself. */
  readonly share: number | undefined;
};

const box = { width: 232, height: 76 } as const;
const gap = { x: 44, y: 18 } as const;

const numberOf = (node: PlanNode, name: string): number | undefined => {
  const value = node[name];
  return typeof value === 'number' ? value : undefined;
};
/** Over all loops. */
const totalMs = (node: PlanNode): number | undefined => {
  const time = numberOf(node, 'Actual Total Time');
  return time === undefined ? undefined : time * (numberOf(node, 'Actual Loops') ?? 1);
};

export function placed(root: PlanNode): readonly Placed[] {
  const all: Placed[] = [];
  const whole = totalMs(root);
  let nextY = 0;
  const place = (node: PlanNode, depth: number): Placed[] => {
    const inputs = node.Plans ?? [];
    const below = inputs.map((input) => place(input, depth + 1));
    const tops = below.map(([top]) => top);
    const y = tops.length === 0 ? nextY : (tops[0].y + tops[tops.length - 1].y) / 2;
    if (tops.length === 0) nextY += box.height + gap.y;
    const own = totalMs(node);
    const others = inputs.reduce((sum, input) => sum + (totalMs(input) ?? 0), 0);
    const share = own === undefined || whole === undefined || whole === 0 ? undefined : Math.max(0, Math.min(1, (own - others) / whole));
    const here: Placed = { node, x: depth * (box.width + gap.x), y, parent: undefined, share };
    return [here, ...below.flatMap(([top, ...rest]) => [{ ...top, parent: here }, ...rest])];
  };
  all.push(...place(root, 0));
  return all;
}

const shortened = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

function subject(node: PlanNode): string {
  const of = (name: string): string => {
    const value = node[name];
    return typeof value === 'string' ? value : '';
  };
  const relation = of('Relation Name') || of('CTE Name') || of('Function Name');
  const index = of('Index Name');
  return [relation, index === '' ? '' : `(${index})`, of('Join Type'), of('Strategy')].filter((word) => word !== '').join(' ');
}

export function PlanPicture({ plan }: { readonly plan: PlanNode }): ReactNode {
  const t = useTexts();
  const nodes = useMemo(() => placed(plan), [plan]);
  const width = Math.max(...nodes.map(({ x }) => x)) + box.width + 4;
  const height = Math.max(...nodes.map(({ y }) => y)) + box.height + 4;
  const rowsOf = (node: PlanNode): string => {
    const actual = numberOf(node, 'Actual Rows');
    const estimated = numberOf(node, 'Plan Rows') ?? 0;
    return actual === undefined
      ? t('query.planEstimated', { rows: estimated })
      : t('query.planActual', { rows: actual * (numberOf(node, 'Actual Loops') ?? 1), estimated });
  };
  const timeOf = (node: PlanNode): string => {
    const ms = totalMs(node);
    return ms === undefined ? t('query.planCost', { cost: numberOf(node, 'Total Cost') ?? 0 }) : t('query.planTime', { ms: ms.toFixed(3) });
  };
  const described = nodes.map(({ node }) => `${node['Node Type']} ${subject(node)}: ${rowsOf(node)}, ${timeOf(node)}`).join('; ');
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard.
    <section aria-label={t('query.plan')} tabIndex={0} style={{ overflow: 'auto', maxHeight: 520 }} data-testid="plan-picture">
      <svg width={width} height={height} role="img" aria-label={described} style={{ fontSize: 12, fontFamily: 'inherit' }}>
        <title>{t('query.plan')}</title>
        {nodes.map(({ parent, x, y }) =>
          parent === undefined ? null : (
            <path
              key={`${x}/${y}`}
              d={`M ${parent.x + box.width} ${parent.y + box.height / 2} C ${parent.x + box.width + gap.x / 2} ${parent.y + box.height / 2}, ${x - gap.x / 2} ${y + box.height / 2}, ${x} ${y + box.height / 2}`}
              fill="none"
              stroke="currentColor"
              strokeOpacity={0.5}
            />
          ),
        )}
        {nodes.map(({ node, x, y, share }) => (
          <g key={`${x}/${y}`} transform={`translate(${x + 1}, ${y + 1})`} fill="currentColor">
            <rect width={box.width} height={box.height} rx={6} fill="none" stroke="currentColor" />
            {share === undefined ? null : (
              <rect
                x={8}
                y={box.height - 10}
                width={Math.max(1, share * (box.width - 16))}
                height={5}
                rx={2}
                fill={share > 0.4 ? '#d45b07' : '#0972d3'}
              />
            )}
            <text x={8} y={18} fontWeight="bold">
              {node['Node Type']}
            </text>
            <text x={8} y={33}>
              {shortened(subject(node), 34)}
            </text>
            <text x={8} y={47}>
              {rowsOf(node)}
            </text>
            <text x={8} y={61}>
              {timeOf(node)}
            </text>
          </g>
        ))}
      </svg>
    </section>
  );
}
