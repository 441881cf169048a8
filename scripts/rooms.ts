/**
 * The arrows between rooms, as a table, and the bans that keep time, chance and disk outside (docs/architecture.md).
 *
 * `findings(root)` lists every import that is not in the table, and every use of a banned global, with what to use instead.
 * Run by test/house/rooms.test.ts, so by `npm test`.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** room: rooms it may import. Type-only imports count too: a type is knowledge. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  transport: ['base'],
  sql: ['base'],
  iam: ['base'],
  journal: ['sql', 'base'],
  adjudicator: ['journal', 'crossbar', 'sql', 'base'],
  crossbar: ['journal', 'sql', 'base'],
  storage: ['crossbar', 'journal', 'sql', 'base'],
  'query-processor': ['adjudicator', 'storage', 'crossbar', 'sql', 'base'],
  pgwire: ['query-processor', 'iam', 'sql', 'base'],
  deployment: ['transport', 'adjudicator', 'journal', 'crossbar', 'storage', 'query-processor', 'iam', 'sql', 'base'],
  'control-plane': ['deployment', 'pgwire', 'query-processor', 'iam', 'sql', 'base'],
  simulator: ['deployment', 'transport', 'adjudicator', 'journal', 'crossbar', 'storage', 'query-processor', 'sql', 'base'],
  cli: ['main', 'deployment', 'iam', 'base'],
  main: ['transport', 'deployment', 'control-plane', 'pgwire', 'query-processor', 'crossbar', 'iam', 'sql', 'base'],
};

/** Single files that a room may import of a room that it may not: doors made for it. */
const doors: Readonly<Record<string, readonly string[]>> = {
  cli: ['#query-processor/lint.ts'],
};

/** Inside query-processor: the stages, in the order of a statement's life. */
const stageMayImport: Readonly<Record<string, readonly string[]>> = {
  parser: [],
  dialect: ['parser'],
  activity: ['parser'],
  catalog: ['parser', 'analyzer', 'planner', 'executor', 'transaction', 'activity'],
  analyzer: ['parser', 'catalog'],
  planner: ['parser', 'analyzer', 'catalog', 'executor'],
  executor: ['planner', 'analyzer', 'catalog', 'transaction', 'activity'],
  transaction: ['catalog'],
  jobs: ['session', 'parser', 'analyzer', 'planner', 'executor', 'transaction', 'catalog'],
  session: ['activity', 'jobs', 'dialect', 'parser', 'analyzer', 'planner', 'executor', 'transaction', 'catalog'],
};

type Ban = { readonly pattern: RegExp; readonly instead: string; readonly except: readonly RegExp[] };

const edges = [/^base\/real-world\.ts$/, /^cli\//, /^main\.ts$/];
const bans: readonly Ban[] = [
  { pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bprocess\.hrtime\b/, instead: 'world.clock', except: edges },
  { pattern: /\bset(Timeout|Interval|Immediate)\(/, instead: 'world.timers', except: edges },
  { pattern: /\bMath\.random\(|\brandomBytes\(|\brandomUUID\(|\bgetRandomValues\(/, instead: 'world.random', except: edges },
  { pattern: /from 'node:fs(\/promises)?'/, instead: 'world.disk', except: [...edges, /^deployment\/data-directory\.ts$/] },
  {
    pattern: /from 'node:(net|tls|http|https|dgram)'/,
    instead: 'pgwire or control-plane',
    except: [...edges, /^pgwire\//, /^control-plane\//],
  },
  { pattern: /@ts-(ignore|nocheck|expect-error)/, instead: 'a type that holds', except: [] },
  { pattern: /\b(it|test|describe)\.only\(/, instead: 'the whole suite', except: [] },
];

export function sourceFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const file = path.join(folder, name);
    if (statSync(file).isDirectory()) return sourceFiles(file);
    return file.endsWith('.ts') ? [file] : [];
  });
}

export function findings(root: string): string[] {
  return sourceFiles(root).flatMap((file) => {
    const name = path.relative(root, file);
    const text = readFileSync(file, 'utf8');
    const isTest = name.endsWith('.test.ts') || name.includes('-fixture') || name.endsWith('-contract.ts');
    return [...wrongImports(name, text, isTest), ...(isTest ? [] : bannedUses(name, text))];
  });
}

function wrongImports(name: string, text: string, isTest: boolean): string[] {
  const found: string[] = [];
  const room = name.includes('/') ? name.slice(0, name.indexOf('/')) : name.replace(/\.ts$/, '');
  const allowed = mayImport[room];
  if (allowed === undefined) return [`${name}: ${room} is not a room; add it to scripts/rooms.ts with its arrows`];
  for (const [, target] of text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
    if (target.startsWith('#')) {
      const other = target.slice(1).split('/')[0].replace(/\.ts$/, '');
      if (other === room) found.push(`${name}: inside a room imports are relative: ${target}`);
      else if (!isTest && !allowed.includes(other) && !doors[room]?.includes(target))
        found.push(`${name}: ${room} may not import ${other}`);
    } else if (target.startsWith('.')) {
      const resolved = path.normalize(path.join(path.dirname(name), target));
      const other = resolved.split('/')[0].replace(/\.ts$/, '');
      if (other !== room && !isTest) found.push(`${name}: another room is imported by #${resolved}`);
      if (!isTest && room === 'query-processor') found.push(...wrongStage(name, resolved));
    }
  }
  return found;
}

function wrongStage(name: string, target: string): string[] {
  const [, stage, file] = name.split('/');
  const [, other, otherFile] = target.split('/');
  if (file === undefined || otherFile === undefined || stage === other) return [];
  return stageMayImport[stage]?.includes(other) ? [] : [`${name}: ${stage} may not import ${other}`];
}

function bannedUses(name: string, text: string): string[] {
  // Comments and strings may speak of what is banned.
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
  return bans
    .filter((ban) => ban.pattern.test(code) && !ban.except.some((exception) => exception.test(name)))
    .map((ban) => `${name}: ${ban.pattern.exec(code)?.[0]} is banned: use ${ban.instead}`);
}
