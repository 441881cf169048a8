/**
 * Runs a recorded case and compares.
 *
 * Teardown and setup run on a connection of their own, each statement committed by itself, and are tried again on 40001; steps are
 * never tried again. Two sessions start together and wait 150 ms between an answer and their next step, not for each other. In a race
 * the last steps are compared by how many sessions lose, each with the recorded error, since which of them loses is open.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { type Cell, type Expectation, isAny, type RecordedCase, type Result } from './recorded-case.ts';
import { type Answer, type AnsweredResult, RecordedSession } from './recorded-session.ts';

const stepPauseMs = 150;
const setupTries = 8;

export class CaseRunner {
  readonly #config: pg.ClientConfig;
  readonly #housekeeper: RecordedSession;

  private constructor(config: pg.ClientConfig, housekeeper: RecordedSession) {
    this.#config = config;
    this.#housekeeper = housekeeper;
  }

  static async open(config: pg.ClientConfig): Promise<CaseRunner> {
    return new CaseRunner(config, await RecordedSession.open(config));
  }

  close(): Promise<void> {
    return this.#housekeeper.close();
  }

  /** What differs from the recording; empty when the case passes. */
  async run(recorded: RecordedCase): Promise<readonly string[]> {
    for (const sql of recorded.teardown ?? []) await this.#settle(sql);
    try {
      for (const sql of recorded.setup ?? []) {
        const answer = await this.#settle(sql);
        if (answer.outcome !== 'ok') return [`setup "${sql}": got ${show(answer)}`];
      }
      const sessions: RecordedSession[] = [];
      for (let at = 0; at < recorded.sessions; at++) sessions.push(await RecordedSession.open(this.#config));
      const answers = await runSteps(recorded, sessions);
      for (const session of sessions) await session.close();
      return differences(recorded, answers);
    } finally {
      for (const sql of recorded.teardown ?? []) await this.#settle(sql);
    }
  }

  async #settle(sql: string): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#housekeeper.run(sql, 'simple');
      if (answer.outcome !== 'error' || answer.sqlstate !== '40001' || attempt === setupTries) return answer;
      await sleep(50 * 2 ** attempt);
    }
  }
}

async function runSteps(recorded: RecordedCase, sessions: readonly RecordedSession[]): Promise<readonly Answer[]> {
  const answers = new Array<Answer>(recorded.steps.length);
  await Promise.all(
    sessions.map(async (session, number) => {
      let isFirst = true;
      for (const [at, step] of recorded.steps.entries()) {
        if (step.session !== number) continue;
        if (!isFirst && sessions.length > 1) await sleep(stepPauseMs);
        isFirst = false;
        answers[at] = await session.run(step.sql, recorded.protocol);
      }
    }),
  );
  return answers;
}

function differences(recorded: RecordedCase, answers: readonly Answer[]): readonly string[] {
  const last = new Map<number, number>();
  for (const [at, step] of recorded.steps.entries()) last.set(step.session, at);
  const finals = recorded.race ? [...last.values()] : [];
  const found: string[] = [];
  for (const [at, step] of recorded.steps.entries()) {
    if (finals.includes(at)) continue;
    const field = mismatch(step.expect, answers[at]);
    if (field !== undefined)
      found.push(`step ${at + 1} "${step.sql}" ${field}: expected ${JSON.stringify(step.expect)}, got ${show(answers[at])}`);
  }
  if (finals.length > 0) found.push(...raceDifferences(recorded, finals, answers));
  return found;
}

function raceDifferences(recorded: RecordedCase, finals: readonly number[], answers: readonly Answer[]): readonly string[] {
  const expectations = finals.map((at) => recorded.steps[at].expect);
  const winner = expectations.find(({ outcome }) => outcome === 'ok');
  const loser = expectations.find(({ outcome }) => outcome === 'error');
  const losers = expectations.filter(({ outcome }) => outcome === 'error').length;
  const { min, max } = recorded.race_losers ?? { min: losers, max: losers };
  const found: string[] = [];
  let lost = 0;
  for (const at of finals) {
    const answer = answers[at];
    const expectation = answer.outcome === 'ok' ? winner : loser;
    if (answer.outcome !== 'ok') lost++;
    const field = expectation === undefined ? 'outcome' : mismatch(expectation, answer);
    if (field !== undefined) found.push(`last step of session ${recorded.steps[at].session} ${field}: got ${show(answer)}`);
  }
  if (lost < min || lost > max) found.push(`${lost} sessions lost, expected ${min} to ${max}`);
  return found;
}

/** The first field that differs. */
function mismatch(expected: Expectation, answer: Answer): string | undefined {
  if (expected.outcome !== answer.outcome) return 'outcome';
  if (expected.outcome === 'error' || answer.outcome !== 'ok') {
    if (expected.outcome !== 'error' || answer.outcome !== 'error') return 'outcome';
    if (expected.sqlstate !== answer.sqlstate) return 'sqlstate';
    return expected.message === answer.message ? undefined : 'message';
  }
  const results = expected.results ?? [expected];
  if (results.length !== answer.results.length) return 'number of results';
  for (const [at, result] of results.entries()) {
    const field = resultMismatch(result, answer.results[at]);
    if (field !== undefined) return field;
  }
  return undefined;
}

function resultMismatch(expected: Result, answer: AnsweredResult): string | undefined {
  if (!isAny(expected.tag) && expected.tag !== answer.tag) return 'tag';
  const columns = expected.columns ?? [];
  if (columns.length !== answer.columns.length || columns.some((name, at) => name !== answer.columns[at])) return 'columns';
  const { rows = [] } = expected;
  if (isAny(rows)) return undefined;
  return sameRows(rows, answer.rows, expected.rows_unordered === true) ? undefined : 'rows';
}

type Rows = readonly (readonly (string | null)[])[];

function sameRows(expected: readonly (readonly Cell[])[], answered: Rows, isUnordered: boolean): boolean {
  if (expected.length !== answered.length) return false;
  if (!isUnordered) return expected.every((row, at) => sameRow(row, answered[at]));
  const rest = [...answered];
  return expected.every((row) => {
    const at = rest.findIndex((candidate) => sameRow(row, candidate));
    if (at >= 0) rest.splice(at, 1);
    return at >= 0;
  });
}

const sameRow = (expected: readonly Cell[], answered: readonly (string | null)[]): boolean =>
  expected.length === answered.length && expected.every((cell, at) => isAny(cell) || cell === answered[at]);

function show(answer: Answer): string {
  return answer.outcome === 'error' ? `${answer.sqlstate} ${answer.message}` : JSON.stringify(answer);
}
