/** The reg* types: an oid that reads and prints as a name of the catalog, or as a number where there is no name for it. */
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { RegKind } from '../type.ts';
import { behaviour, type TypeBehaviour } from './behaviour.ts';
import { oidBehaviour, parseUint32 } from './integer.ts';

function regType(kind: RegKind): TypeBehaviour {
  const none = kind === 'oper' || kind === 'operator' ? '0' : '-';
  return behaviour<number>({
    ...oidBehaviour,
    input(text, _typmod, context) {
      if (text === '-') return 0;
      if (/^[0-9]+$/.test(text)) return parseUint32(text.replace(/^0+(?=[0-9])/, ''), 'oid');
      if (context.names === undefined) throw notSupported(`a name of type reg${kind} has no meaning without a catalog`);
      return context.names.oidOf(kind, text);
    },
    output: (value, context) => (value === 0 ? none : (context.names?.nameOf(kind, value) ?? String(value))),
  });
}

/** Of the objects of text search there is `simple` alone, as in DSQL. */
function textSearchType(what: 'configuration' | 'dictionary', simpleOid: number): TypeBehaviour {
  return behaviour<number>({
    ...oidBehaviour,
    input(text) {
      if (text === '-') return 0;
      if (/^[0-9]+$/.test(text)) return parseUint32(text.replace(/^0+(?=[0-9])/, ''), 'oid');
      const [, bare = text] = /^(?:pg_catalog\.)?(.*)$/.exec(text) ?? [];
      if (bare === 'simple' || bare === '"simple"') return simpleOid;
      throw new SqlError(sqlstate.undefinedObject, `text search ${what} "${text}" does not exist`);
    },
    output: (value) => (value === 0 ? '-' : value === simpleOid ? 'simple' : String(value)),
  });
}

/** By pg_type.typname. */
export const regTypes: ReadonlyMap<string, TypeBehaviour> = new Map([
  ['regconfig', textSearchType('configuration', 3748)],
  ['regdictionary', textSearchType('dictionary', 3765)],
  ...(['class', 'type', 'proc', 'procedure', 'oper', 'operator', 'namespace', 'role', 'collation'] as const).map(
    (kind): readonly [string, TypeBehaviour] => [`reg${kind}`, regType(kind)],
  ),
]);
