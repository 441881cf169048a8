/**
 * Registry: which implementation a function of the catalog has. Gathers the chapters, each a table keyed by signature
 * (`proname(pg_type names of the input arguments)`), and resolves a pg_proc oid to its entry on first use.
 *
 *   F1  Every key of a chapter names exactly one row of pg_proc (or of dsqlProcs), of the implementation's kind (registry.test.ts).
 *   F2  No key stands in two chapters (registry.test.ts).
 */
import { notSupported } from '#base/sql-error.ts';
import { procByOid } from '../builtins.ts';
import type { Implementation, Implementations } from '../function.ts';
import { chapters } from './chapters.ts';
import { signatureOf } from './signature.ts';

let merged: ReadonlyMap<string, Implementation> | undefined;
const resolved = new Map<number, Implementation | undefined>();

function mergeChapters(all: Readonly<Record<string, Implementations>>): ReadonlyMap<string, Implementation> {
  const map = new Map<string, Implementation>();
  for (const chapter of Object.values(all)) for (const key in chapter) map.set(key, chapter[key]);
  return map;
}

function find(procOid: number): Implementation | undefined {
  const known = resolved.get(procOid);
  if (known !== undefined || resolved.has(procOid)) return known;
  merged ??= mergeChapters(chapters);
  const proc = procByOid(procOid);
  const implementation = proc === undefined ? undefined : merged.get(signatureOf(proc));
  resolved.set(procOid, implementation);
  return implementation;
}

export const hasImplementation = (procOid: number): boolean => find(procOid) !== undefined;

/** Throws 0A000 when the catalog has the function but nothing here implements it. */
export function implementationOf(procOid: number): Implementation {
  const implementation = find(procOid);
  if (implementation !== undefined) return implementation;
  const proc = procByOid(procOid);
  throw notSupported(`function ${proc === undefined ? `with OID ${procOid}` : signatureOf(proc).replaceAll(',', ', ')} is not supported`);
}
