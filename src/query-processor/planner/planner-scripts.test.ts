/**
 * Runs `scripts/*.txt`: blocks of a command and, after a line `----`, what it answers. UPDATE=1 writes the answers anew; the diff is read.
 *
 *   rules SELECT ...       the logical plan, and again after each rule that changed it
 *   plan SELECT ...        EXPLAIN without costs
 *   costs SELECT ...       EXPLAIN
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { SqlError } from '#base/sql-error.ts';
import { loadParser } from '../parser/parse.ts';
import { defaultExplainOptions, explain } from './explain.ts';
import { planQuery } from './plan.ts';
import { printLogicalPlan } from './print-logical-plan.ts';
import { assertPlanIsSound } from './testing/plan-invariants.ts';
import { bind, plannerEnvironment } from './testing/plan-sql.ts';

const directory = fileURLToPath(new URL('./scripts/', import.meta.url));
const isUpdate = process.env.UPDATE === '1';

function answer(command: string): string {
  const [, verb, text] = /^(\S+)\s+([\s\S]*)$/.exec(command) ?? [];
  try {
    const query = bind(text);
    const steps = [printLogicalPlan(query.plan)];
    const plan = planQuery(query, plannerEnvironment(), (rule, before, after) => {
      const text = printLogicalPlan(after);
      if (text !== printLogicalPlan(before)) steps.push(`-- ${rule.name}`, text);
    });
    assertPlanIsSound(plan);
    if (verb === 'rules') return steps.join('\n');
    return explain(plan, { ...defaultExplainOptions, costs: verb === 'costs' }).join('\n');
  } catch (error) {
    if (error instanceof SqlError) return `error ${error.sqlstate}: ${error.message}`;
    throw error;
  }
}

/** A block: comment lines, the command, ----, the answer up to an empty line. */
type Block = { readonly comment: string; readonly command: string; readonly expected: string };

function blocksOf(script: string): readonly Block[] {
  return script
    .split(/\n\n+/)
    .filter((block) => block.trim() !== '')
    .map((block) => {
      const [head, ...expected] = block.split('\n----\n');
      const lines = head.split('\n');
      const comment = lines.filter((line) => line.startsWith('#')).join('\n');
      const command = lines.filter((line) => !line.startsWith('#')).join('\n');
      return { comment, command: command.replace(/\n----$/, '').trim(), expected: expected.join('\n----\n').trimEnd() };
    });
}

beforeAll(() => loadParser());

for (const name of readdirSync(directory).sort()) {
  describe(name, () => {
    const file = `${directory}${name}`;
    const blocks = blocksOf(readFileSync(file, 'utf8'));
    if (isUpdate)
      it('is written anew', () => {
        const written = blocks
          .filter((block) => block.command !== '' || block.comment !== '')
          .map((block) => {
            if (block.command === '') return `${block.comment}\n`;
            return `${block.comment === '' ? '' : `${block.comment}\n`}${block.command}\n----\n${answer(block.command)}\n`;
          });
        writeFileSync(file, written.join('\n'));
      });
    else for (const block of blocks) if (block.command !== '') it(block.command, () => expect(answer(block.command)).toBe(block.expected));
  });
}
