/**
 * EXPLAIN: a physical plan as PostgreSQL's text, or as the data of its structured formats.
 *
 * What a plan says is in explain-node.ts; here is how it is laid out. The lines about the whole statement (Planning Time, the DPU
 * estimate) are the caller's, who has measured them.
 */
import { type ExplainNode, explainNode } from './explain-node.ts';
import type { PhysicalPlan } from './physical-plan.ts';

export type ExplainOptions = {
  readonly costs: boolean;
  readonly verbose: boolean;
  readonly timing: boolean;
  /** What ANALYZE has counted, by plan node; undefined without ANALYZE. A node without an entry was never executed. */
  readonly figures: ReadonlyMap<PhysicalPlan, ExplainFigures> | undefined;
};

/** Totals over all loops. */
export type ExplainFigures = { readonly rows: number; readonly loops: number; readonly timeMs: number };

export const defaultExplainOptions: ExplainOptions = { costs: true, verbose: false, timing: true, figures: undefined };

/** The lines of EXPLAIN's text form. */
export function explain(plan: PhysicalPlan, options: ExplainOptions = defaultExplainOptions): string[] {
  const lines: string[] = [];
  write(explainNode(plan, options.verbose), '', '', options, lines);
  return lines;
}

/** `lead` stands before the node's first line, `indent` before all that belongs to it. */
function write(node: ExplainNode, lead: string, indent: string, options: ExplainOptions, lines: string[]): void {
  lines.push(`${lead}${node.title}${costText(node, options)}${actualText(node, options)}`);
  const inside = `${indent}  `;
  if (options.verbose && node.output.length > 0 && node.sources.length > 0) lines.push(`${inside}Output: ${node.output.join(', ')}`);
  for (const [name, value] of node.properties) lines.push(`${inside}${name}: ${typeof value === 'string' ? value : value.join(', ')}`);
  // Subqueries stand before the inputs, as in PostgreSQL.
  for (const child of node.children) {
    if (child.heading === undefined || child.relationship !== 'InitPlan') continue;
    lines.push(`${inside}${child.heading}`);
    write(child.node, `${inside}  ->  `, `${inside}      `, options, lines);
  }
  for (const child of node.children) if (child.heading === undefined) write(child.node, `${inside}->  `, `${inside}    `, options, lines);
  for (const child of node.children) {
    if (child.heading === undefined || child.relationship === 'InitPlan') continue;
    lines.push(`${inside}${child.heading}`);
    write(child.node, `${inside}  ->  `, `${inside}      `, options, lines);
  }
}

function costText({ estimate }: ExplainNode, options: ExplainOptions): string {
  if (!options.costs) return '';
  return `  (cost=${estimate.startupCost.toFixed(2)}..${estimate.totalCost.toFixed(2)} rows=${estimate.rows} width=${estimate.width})`;
}

function actualOf(node: ExplainNode, options: ExplainOptions): ExplainFigures | undefined {
  for (const source of node.sources) {
    const figures = options.figures?.get(source);
    if (figures !== undefined) return figures;
  }
  return undefined;
}

function actualText(node: ExplainNode, options: ExplainOptions): string {
  if (options.figures === undefined || node.sources.length === 0) return '';
  const figures = actualOf(node, options);
  if (figures === undefined || figures.loops === 0) return ' (never executed)';
  const { rows, loops, timeMs } = figures;
  const time = options.timing ? `time=0.000..${(timeMs / loops).toFixed(3)} ` : '';
  return ` (actual ${time}rows=${Math.round(rows / loops)} loops=${loops})`;
}

export type ExplainJson = { readonly [name: string]: ExplainJsonValue };
export type ExplainJsonValue = string | number | boolean | readonly string[] | readonly ExplainJson[] | ExplainJson;

/** The object under `Plan` in EXPLAIN (FORMAT JSON); YAML and XML are the same data. */
export function explainData(plan: PhysicalPlan, options: ExplainOptions = defaultExplainOptions): ExplainJson {
  return data(explainNode(plan, options.verbose), undefined, undefined, options);
}

function data(node: ExplainNode, relationship: string | undefined, subplan: string | undefined, options: ExplainOptions): ExplainJson {
  const out: Record<string, ExplainJsonValue> = { 'Node Type': node.nodeType };
  if (relationship !== undefined) out['Parent Relationship'] = relationship;
  if (subplan !== undefined) out['Subplan Name'] = subplan;
  out['Parallel Aware'] = false;
  out['Async Capable'] = false;
  for (const [name, value] of node.attributes) out[name] = value;
  if (options.costs) {
    out['Startup Cost'] = hundredths(node.estimate.startupCost);
    out['Total Cost'] = hundredths(node.estimate.totalCost);
    out['Plan Rows'] = node.estimate.rows;
    out['Plan Width'] = node.estimate.width;
  }
  const figures = actualOf(node, options);
  if (options.figures !== undefined && node.sources.length > 0) {
    const loops = Math.max(1, figures?.loops ?? 0);
    if (options.timing) {
      out['Actual Startup Time'] = 0;
      out['Actual Total Time'] = Number(((figures?.timeMs ?? 0) / loops).toFixed(3));
    }
    out['Actual Rows'] = Math.round((figures?.rows ?? 0) / loops);
    out['Actual Loops'] = figures?.loops ?? 0;
  }
  if (options.verbose && node.output.length > 0) out.Output = node.output;
  for (const [name, value] of node.properties) out[name] = value;
  if (node.children.length > 0) out.Plans = node.children.map((child) => data(child.node, child.relationship, child.heading, options));
  return out;
}

const hundredths = (cost: number): number => Math.round(cost * 100) / 100;
