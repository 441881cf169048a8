/**
 * Session scripts: what several sessions do in turns, and what each is told.
 *
 *     case P4: lost update
 *     setup
 *       CREATE TABLE test (id int PRIMARY KEY, value int NOT NULL)
 *     turns
 *       a: BEGIN
 *       b: UPDATE test SET value = 1 WHERE id = 1 -> UPDATE 1
 *       a: SELECT * FROM test -> 1|10; 2|20
 *       b: COMMIT -> 40001 change conflicts with another transaction (OC000)
 *
 * Behind ` -> ` stands the outcome: rows (values divided by `|`, rows by `; `, in order; `no rows`), a command tag with its count, or an error's
 * SQLSTATE and message. Without it, anything but an error will do. `# ...` lines are comments. No step ever waits for another session.
 *
 * With `interleavings` instead of `turns` the steps of two sessions, each in its own order, run in every order of both, after `before each`. What is expected then follows
 * from one rule: who ends after the other has committed, and had begun before that, is told `concurrent`; who began after it is told `visible`
 * (nothing said: no error). `concurrent b:` speaks of b alone. At the end stand the rows by who has committed, in order:
 *
 *     before each
 *       DELETE FROM test
 *     interleavings
 *       a: INSERT INTO test VALUES (1)
 *       b: BEGIN
 *       b: INSERT INTO test VALUES (1)
 *       b: COMMIT
 *     concurrent: 40001 change conflicts with another transaction (OC000)
 *     visible: 23505 duplicate key value violates unique constraint "test_pkey"
 *     finally SELECT count(*) FROM test
 *       a: 1
 *       b: 1
 *       a b: 2
 */
export type Step = { readonly line: number; readonly session: string; readonly sql: string; readonly outcome: string | undefined };

export type Interleavings = {
  /** By loser; '' for either. */
  readonly concurrent: ReadonlyMap<string, string>;
  readonly visible: ReadonlyMap<string, string>;
  readonly question: string;
  /** Rows by those that have committed, in order, separated by a space. */
  readonly answers: ReadonlyMap<string, string>;
};

export type Case = {
  readonly name: string;
  readonly setup: readonly string[];
  readonly beforeEach: readonly string[];
  readonly steps: readonly Step[];
  readonly interleavings: Interleavings | undefined;
};

type OpenCase = {
  readonly name: string;
  readonly setup: string[];
  readonly beforeEach: string[];
  readonly steps: Step[];
  isInterleaved: boolean;
  readonly concurrent: Map<string, string>;
  readonly visible: Map<string, string>;
  question: string;
  readonly answers: Map<string, string>;
};

export function parseCases(text: string): Case[] {
  const cases: OpenCase[] = [];
  let section = '';
  for (const [at, line] of text.split('\n').entries()) {
    const fail = (what: string): never => {
      throw new Error(`line ${at + 1}: ${what}: ${line}`);
    };
    if (line.trim() === '' || line.startsWith('#')) continue;
    const title = /^case (.+)$/.exec(line);
    if (title !== null) {
      cases.push({
        name: title[1],
        setup: [],
        beforeEach: [],
        steps: [],
        isInterleaved: false,
        concurrent: new Map(),
        visible: new Map(),
        question: '',
        answers: new Map(),
      });
      section = '';
      continue;
    }
    const current = cases.at(-1) ?? fail('no case has begun');
    if (line.startsWith('  ')) addLine(current, section, line.trim(), at + 1, fail);
    else section = beginSection(current, line, fail);
  }
  return cases.map((open) => ({ ...open, interleavings: open.isInterleaved ? open : undefined }));
}

function beginSection(current: OpenCase, line: string, fail: (what: string) => never): string {
  const rule = /^(concurrent|visible)(?: (\w+))?: (.+)$/.exec(line);
  if (rule !== null) {
    (rule[1] === 'concurrent' ? current.concurrent : current.visible).set(rule[2] ?? '', rule[3]);
    return '';
  }
  const question = /^finally (.+)$/.exec(line);
  if (question !== null) {
    current.question = question[1];
    return 'finally';
  }
  if (line === 'interleavings') current.isInterleaved = true;
  else if (line !== 'setup' && line !== 'before each' && line !== 'turns') fail('not a directive');
  return line;
}

function addLine(current: OpenCase, section: string, text: string, line: number, fail: (what: string) => never): void {
  if (section === 'setup' || section === 'before each') {
    (section === 'setup' ? current.setup : current.beforeEach).push(text);
    return;
  }
  if (section === 'finally') {
    const [, committed, answer] = /^([\w ]+): (.+)$/.exec(text) ?? fail('not an answer');
    current.answers.set(committed, answer);
    return;
  }
  if (section !== 'turns' && section !== 'interleavings') fail('belongs to no section');
  const [, session, sql, outcome] = /^(\w+): (.*?)(?: -> (.+))?$/.exec(text) ?? fail('not a step');
  current.steps.push({ line, session, sql, outcome });
}

/** Every merge of the two lists that keeps each one's order. */
export function merges<T>(a: readonly T[], b: readonly T[]): T[][] {
  if (a.length === 0 || b.length === 0) return [[...a, ...b]];
  return [...merges(a.slice(1), b).map((rest) => [a[0], ...rest]), ...merges(a, b.slice(1)).map((rest) => [b[0], ...rest])];
}

/** What an order of steps must lead to: the one error that each session is told (undefined: none), and who commits, in order. */
export function foretell(
  order: readonly Step[],
  { concurrent, visible }: Interleavings,
): { readonly errors: ReadonlyMap<string, string | undefined>; readonly committed: readonly string[] } {
  const sessions = [...new Set(order.map((step) => step.session))];
  const begins = new Map(sessions.map((session) => [session, order.findIndex((step) => step.session === session)]));
  const ends = new Map(sessions.map((session) => [session, order.findLastIndex((step) => step.session === session)]));
  const errors = new Map<string, string | undefined>();
  const committed: string[] = [];
  const at = (places: ReadonlyMap<string, number>, session: string): number => places.get(session) ?? 0;
  for (const session of sessions.sort((x, y) => at(ends, x) - at(ends, y))) {
    let error: string | undefined;
    for (const other of committed) {
      const told = at(ends, other) < at(begins, session) ? visible : concurrent;
      error ??= told.get(session) ?? told.get('');
    }
    errors.set(session, error);
    if (error === undefined) committed.push(session);
  }
  return { errors, committed };
}
