/**
 * The start-up packet's settings: its own parameters, and the server options inside `options` (`-c name=value`, `--name=value`, with
 * backslash escapes, as a PostgreSQL backend reads them).
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';

export type StartupOptions = {
  /** Names in lower case. */
  readonly settings: ReadonlyMap<string, string>;
  /** `-c amzn-cluster-id=ID`, DSQL's way to name the cluster where the host name cannot. */
  readonly clusterId: string | undefined;
};

const notSettings = new Set(['user', 'database', 'options', 'replication', 'application_name']);

export function startupOptions(parameters: ReadonlyMap<string, string>): StartupOptions {
  const settings = new Map<string, string>();
  let clusterId: string | undefined;
  for (const [name, value] of parameters) {
    if (!notSettings.has(name)) settings.set(name.toLowerCase(), value);
  }
  if (parameters.has('replication') && !/^(false|off|no|0)$/i.test(parameters.get('replication') ?? '')) {
    throw new SqlError(sqlstate.featureNotSupported, 'replication connections are not supported');
  }
  const words = splitWords(parameters.get('options') ?? '');
  for (let i = 0; i < words.length; i++) {
    let word = words[i];
    if (word === '-c') word = words[++i] ?? '';
    else if (word.startsWith('-c')) word = word.slice(2);
    else if (word.startsWith('--')) word = word.slice(2);
    else throw new SqlError(sqlstate.syntaxError, `invalid command-line argument for server process: ${word}`);
    const equals = word.indexOf('=');
    if (equals <= 0) throw new SqlError(sqlstate.syntaxError, `-c ${word} requires a value`);
    const name = word.slice(0, equals).replaceAll('-', '_').toLowerCase();
    const value = word.slice(equals + 1);
    if (name === 'amzn_cluster_id') clusterId = value;
    else settings.set(name, value);
  }
  return { settings, clusterId };
}

/** Words separated by white space; a backslash takes the next character as it is. */
function splitWords(options: string): string[] {
  const words: string[] = [];
  let word = '';
  let isInWord = false;
  for (let i = 0; i < options.length; i++) {
    const character = options[i];
    if (/\s/.test(character)) {
      if (isInWord) words.push(word);
      word = '';
      isInWord = false;
    } else {
      if (character === '\\' && i + 1 < options.length) i++;
      word += options[i];
      isInWord = true;
    }
  }
  if (isInWord) words.push(word);
  return words;
}
