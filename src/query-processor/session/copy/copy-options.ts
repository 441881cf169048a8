/** Options of COPY: both syntaxes come out of the grammar as the same list; what they may be together is PostgreSQL's ProcessCopyOptions. */
import type { DefElem, Node } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { PositionOf } from '../../parser/parse.ts';
import { constantOf, stringsOf } from '../constants.ts';

export type CopyOptions = {
  readonly format: 'text' | 'csv' | 'binary';
  readonly delimiter: string;
  readonly nullText: string;
  readonly header: 'none' | 'skip' | 'match';
  /** Rows are always stored as they stay: all that is left of it is its condition. */
  readonly freeze: boolean;
  readonly quote: string;
  readonly escape: string;
  /** Column names; '*' alone: all. */
  readonly forceQuote: readonly string[];
  readonly forceNotNull: readonly string[];
  readonly forceNull: readonly string[];
};

const syntaxError = (message: string, position?: number): SqlError => new SqlError(sqlstate.syntaxError, message, { position });
const invalid = (message: string): SqlError => new SqlError(sqlstate.invalidParameterValue, message);
const refused = (message: string): SqlError => notSupported(message);

export function copyOptions(nodes: readonly Node[], isFrom: boolean, positionOf: PositionOf): CopyOptions {
  const given = new Map<string, DefElem>();
  for (const node of nodes) {
    if (!('DefElem' in node)) continue;
    const option = node.DefElem;
    const name = option.defname ?? '';
    if (given.has(name)) throw syntaxError('conflicting or redundant options', positionOf(option.location));
    given.set(name, option);
  }
  const text = (name: string): string | undefined => {
    const option = given.get(name);
    return option?.arg === undefined ? undefined : constantOf(option.arg);
  };

  const format = formatOf(given.get('format'), positionOf);
  const isCsv = format === 'csv';
  let freeze = false;
  let forceQuote: readonly string[] = [];
  let forceNotNull: readonly string[] = [];
  let forceNull: readonly string[] = [];
  for (const [name, option] of given) {
    switch (name) {
      case 'format':
      case 'delimiter':
      case 'null':
      case 'quote':
      case 'escape':
        break;
      case 'header':
        break;
      case 'freeze':
        freeze = booleanOf(name, option);
        break;
      case 'force_quote':
        forceQuote = columnList(name, option, positionOf);
        break;
      case 'force_not_null':
        forceNotNull = columnList(name, option, positionOf);
        break;
      case 'force_null':
        forceNull = columnList(name, option, positionOf);
        break;
      case 'encoding': {
        const encoding = text('encoding') ?? '';
        if (!/^(utf-?8|unicode)$/i.test(encoding)) throw refused(`COPY encoding "${encoding}" is not supported`);
        break;
      }
      default:
        throw syntaxError(`option "${name}" not recognized`, positionOf(option.location));
    }
  }
  const header = headerOf(given.get('header'));
  const isBinary = format === 'binary';
  if (header === 'match' && !isFrom) throw refused('cannot use "match" with HEADER in COPY TO');
  for (const name of ['delimiter', 'null'])
    if (isBinary && given.has(name)) throw syntaxError(`cannot specify ${name.toUpperCase()} in BINARY mode`);

  const delimiter = text('delimiter') ?? (isCsv ? ',' : '\t');
  const nullText = text('null') ?? (isCsv ? '' : '\\N');
  const quote = text('quote') ?? '"';
  const escapeWith = text('escape') ?? quote;

  if (Buffer.byteLength(delimiter) !== 1) throw refused('COPY delimiter must be a single one-byte character');
  if (/[\r\n]/.test(delimiter)) throw invalid('COPY delimiter cannot be newline or carriage return');
  if (/[\r\n]/.test(nullText)) throw invalid('COPY null representation cannot use newline or carriage return');
  if (!isCsv && /[\\.abcdefghijklmnopqrstuvwxyz0123456789]/.test(delimiter)) throw invalid(`COPY delimiter cannot be "${delimiter}"`);
  if (isBinary && header !== 'none') throw refused('cannot specify HEADER in BINARY mode');
  const csvOnly = (name: string, what: string): void => {
    if (!isCsv && given.has(name)) throw refused(`COPY ${what} available only in CSV mode`);
  };
  csvOnly('quote', 'quote');
  if (isCsv && Buffer.byteLength(quote) !== 1) throw refused('COPY quote must be a single one-byte character');
  if (isCsv && delimiter === quote) throw invalid('COPY delimiter and quote must be different');
  csvOnly('escape', 'escape');
  if (isCsv && Buffer.byteLength(escapeWith) !== 1) throw refused('COPY escape must be a single one-byte character');
  csvOnly('force_quote', 'force quote');
  if (forceQuote.length > 0 && isFrom) throw refused('COPY force quote only available using COPY TO');
  csvOnly('force_not_null', 'force not null');
  if (forceNotNull.length > 0 && !isFrom) throw refused('COPY force not null only available using COPY FROM');
  csvOnly('force_null', 'force null');
  if (forceNull.length > 0 && !isFrom) throw refused('COPY force null only available using COPY FROM');
  if (nullText.includes(delimiter)) throw invalid('COPY delimiter must not appear in the NULL specification');
  if (isCsv && nullText.includes(quote)) throw invalid('CSV quote character must not appear in the NULL specification');
  return { format, delimiter, nullText, header, freeze, quote, escape: escapeWith, forceQuote, forceNotNull, forceNull };
}

function formatOf(option: DefElem | undefined, positionOf: PositionOf): CopyOptions['format'] {
  if (option === undefined) return 'text';
  const name = option.arg === undefined ? '' : (constantOf(option.arg) ?? '');
  if (name === 'text' || name === 'csv' || name === 'binary') return name;
  throw new SqlError(sqlstate.invalidParameterValue, `COPY format "${name}" not recognized`, { position: positionOf(option.location) });
}

const switches: Readonly<Record<string, boolean>> = { true: true, on: true, '1': true, false: false, off: false, '0': false };

function booleanOf(name: string, option: DefElem): boolean {
  if (option.arg === undefined) return true;
  const on = switches[(constantOf(option.arg) ?? '').toLowerCase()];
  if (on === undefined) throw syntaxError(`${name} requires a Boolean value`);
  return on;
}

function headerOf(option: DefElem | undefined): CopyOptions['header'] {
  if (option === undefined) return 'none';
  if (option.arg === undefined) return 'skip';
  const value = (constantOf(option.arg) ?? '').toLowerCase();
  if (value === 'match') return 'match';
  const on = switches[value];
  if (on === undefined) throw syntaxError('header requires a Boolean value or "match"');
  return on ? 'skip' : 'none';
}

function columnList(name: string, option: DefElem, positionOf: PositionOf): readonly string[] {
  const { arg } = option;
  if (arg !== undefined && 'A_Star' in arg) return ['*'];
  if (arg !== undefined && 'List' in arg) return stringsOf(arg.List.items ?? []);
  throw new SqlError(sqlstate.invalidParameterValue, `argument to option "${name}" must be a list of column names`, {
    position: positionOf(option.location),
  });
}

/** True when the option's list names the column. */
export const isForced = (names: readonly string[], column: string): boolean =>
  names.includes(column) || (names.length === 1 && names[0] === '*');
