/**
 * EXPLAIN: a physical plan as PostgreSQL's text, or as the data of its structured formats.
 *
 * What a plan says is in explain-node.ts; here is how it is laid out, with what running it has shown. The lines about the whole statement (Planning
 * Time, the DPU estimate) are the caller's, who has measured them.
 */
import { Digits, type ExplainData, type ExplainValue } from './explain-format.ts';
import { type ExplainNode, type ExplainProperty, explainNode } from './explain-node.ts';
import type { PhysicalPlan } from './physical-plan.ts';

export type ExplainOptions = {
  readonly costs: boolean;
  readonly verbose: boolean;
  readonly timing: boolean;
  /** What ANALYZE has counted, by plan node; undefined without ANALYZE. A node without an entry was never executed. */
  readonly figures: ReadonlyMap<PhysicalPlan, ExplainFigures> | undefined;
};

/** Totals over all loops. */
export type ExplainFigures = {
  readonly rows: number;
  readonly loops: number;
  /** Until the first rows were there, and until the last. */
  readonly startupMs: number;
  readonly timeMs: number;
  /** Rows that the operator's own condition has left out. */
  readonly removed: number;
  readonly memory: ExplainMemory | undefined;
};

export type ExplainMemory =
  | { readonly method: string; readonly space: 'Memory' | 'Disk'; readonly bytes: number }
  | { readonly buckets: number; readonly batches: number; readonly peakBytes: number; readonly diskBytes: number };

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
  for (const property of node.properties) {
    lines.push(`${inside}${property.name}: ${typeof property.value === 'string' ? property.value : property.value.join(', ')}`);
    const removed = removedBy(property, options);
    if (removed !== undefined && removed.rows > 0) lines.push(`${inside}${removed.name}: ${removed.rows}`);
  }
  const memory = memoryText(node, options);
  if (memory !== undefined) lines.push(`${inside}${memory}`);
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
  const { rows, loops, startupMs, timeMs } = figures;
  const time = options.timing ? `time=${(startupMs / loops).toFixed(3)}..${(timeMs / loops).toFixed(3)} ` : '';
  return ` (actual ${time}rows=${Math.round(rows / loops)} loops=${loops})`;
}

/** What the conditions beneath a line have left out, a loop. */
const removedNames: Readonly<Record<string, string>> = {
  Filter: 'Rows Removed by Filter',
  'Join Filter': 'Rows Removed by Join Filter',
  Filters: 'Rows Filtered',
};

function removedBy(property: ExplainProperty, options: ExplainOptions): { readonly name: string; readonly rows: number } | undefined {
  const name = removedNames[property.name];
  if (options.figures === undefined || name === undefined) return undefined;
  let removed = 0;
  let loops = 1;
  for (const plan of property.testedBy ?? []) {
    const figures = options.figures.get(plan);
    removed += figures?.removed ?? 0;
    loops = Math.max(loops, figures?.loops ?? 0);
  }
  return { name, rows: Math.round(removed / loops) };
}

const kilobytes = (bytes: number): number => Math.ceil(bytes / 1024);

function memoryOf(node: ExplainNode, options: ExplainOptions): ExplainMemory | undefined {
  return node.memoryOf === undefined ? undefined : options.figures?.get(node.memoryOf)?.memory;
}

function memoryText(node: ExplainNode, options: ExplainOptions): string | undefined {
  const memory = memoryOf(node, options);
  if (memory === undefined) return undefined;
  if ('method' in memory) return `Sort Method: ${memory.method}  ${memory.space}: ${kilobytes(memory.bytes)}kB`;
  const { buckets, batches, peakBytes, diskBytes } = memory;
  const size = `Batches: ${batches}  Memory Usage: ${kilobytes(peakBytes)}kB`;
  if (node.nodeType === 'Hash') return `Buckets: ${buckets}  ${size}`;
  return diskBytes === 0 ? size : `${size}  Disk Usage: ${kilobytes(diskBytes)}kB`;
}

function memoryData(node: ExplainNode, options: ExplainOptions): ExplainData {
  const memory = memoryOf(node, options);
  if (memory === undefined) return [];
  if ('method' in memory)
    return [
      ['Sort Method', memory.method],
      ['Sort Space Used', kilobytes(memory.bytes)],
      ['Sort Space Type', memory.space],
    ];
  const { buckets, batches, peakBytes, diskBytes } = memory;
  if (node.nodeType === 'Hash')
    return [
      ['Hash Buckets', buckets],
      ['Original Hash Buckets', buckets],
      ['Hash Batches', batches],
      ['Original Hash Batches', 1],
      ['Peak Memory Usage', kilobytes(peakBytes)],
    ];
  return [
    ['HashAgg Batches', batches],
    ['Peak Memory Usage', kilobytes(peakBytes)],
    ['Disk Usage', kilobytes(diskBytes)],
  ];
}

/** What stands under `Plan` in the structured formats. */
export function explainData(plan: PhysicalPlan, options: ExplainOptions = defaultExplainOptions): ExplainData {
  return data(explainNode(plan, options.verbose), undefined, undefined, options);
}

function data(node: ExplainNode, relationship: string | undefined, subplan: string | undefined, options: ExplainOptions): ExplainData {
  const out: (readonly [string, ExplainValue])[] = [['Node Type', node.nodeType]];
  // What tells kinds of one operator apart comes first.
  const kinds = node.attributes.filter(([name]) => kindAttributes.has(name));
  out.push(...kinds);
  if (relationship !== undefined) out.push(['Parent Relationship', relationship]);
  if (subplan !== undefined) out.push(['Subplan Name', subplan]);
  out.push(['Parallel Aware', false], ['Async Capable', false]);
  out.push(...node.attributes.filter(([name]) => !kindAttributes.has(name)));
  if (options.costs)
    out.push(
      ['Startup Cost', new Digits(node.estimate.startupCost, 2)],
      ['Total Cost', new Digits(node.estimate.totalCost, 2)],
      ['Plan Rows', node.estimate.rows],
      ['Plan Width', node.estimate.width],
    );
  const figures = actualOf(node, options);
  if (options.figures !== undefined && node.sources.length > 0) {
    const loops = Math.max(1, figures?.loops ?? 0);
    if (options.timing)
      out.push(
        ['Actual Startup Time', new Digits((figures?.startupMs ?? 0) / loops, 3)],
        ['Actual Total Time', new Digits((figures?.timeMs ?? 0) / loops, 3)],
      );
    out.push(['Actual Rows', Math.round((figures?.rows ?? 0) / loops)], ['Actual Loops', figures?.loops ?? 0]);
  }
  if (options.verbose && node.output.length > 0 && node.sources.length > 0) out.push(['Output', node.output]);
  for (const property of node.properties) {
    out.push([property.name, property.value]);
    const removed = removedBy(property, options);
    if (removed !== undefined) out.push([removed.name, removed.rows]);
  }
  out.push(...memoryData(node, options));
  if (node.children.length > 0)
    out.push([
      'Plans',
      {
        item: 'Plan',
        list: node.children.map((child) => data(child.node, child.relationship, child.heading?.replace(/ \(returns.*/, ''), options)),
      },
    ]);
  return out;
}

const kindAttributes: ReadonlySet<string> = new Set(['Strategy', 'Partial Mode', 'Operation', 'Command']);
