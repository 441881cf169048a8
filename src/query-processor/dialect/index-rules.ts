/** Parts of CREATE INDEX that Aurora DSQL refuses. Its parts are checked before its mode. */
import type { IndexElem, IndexStmt, Node } from '@pgsql/types';
import type { ParsedStatement } from '../parser/parse.ts';
import { scanTokens } from '../parser/scanner.ts';
import { documented, type Finding, found, inferred, nothing, type Rule, recorded, rule } from './rule.ts';

type Applies = (statement: IndexStmt, parsed: ParsedStatement) => boolean;

function part(
  name: string,
  construct: string,
  answer: string,
  source: Rule['source'],
  open: Rule['open'],
  applies: Applies,
  hint?: string,
): Rule {
  return rule({
    name,
    area: 'CREATE INDEX',
    construct,
    answer,
    source,
    open,
    hint,
    on: ['IndexStmt'],
    find: (node, parsed): readonly Finding[] => ('IndexStmt' in node && applies(node.IndexStmt, parsed) ? found : nothing),
  });
}

const isAsync = (parsed: ParsedStatement): boolean => parsed.extension?.kind === 'createIndexAsync';

const elementsOf = (statement: IndexStmt): readonly IndexElem[] =>
  (statement.indexParams ?? []).flatMap((node: Node) => ('IndexElem' in node ? [node.IndexElem] : []));

export const syncIndexRule = part(
  'sync-index',
  'CREATE INDEX without ASYNC',
  'unsupported mode. please use CREATE INDEX ASYNC.',
  recorded,
  'runs',
  (_, parsed) => !isAsync(parsed),
  'CREATE INDEX ASYNC; CALL sys.wait_for_job(...) waits for it. On an empty table SET disable_sync_create_index = off allows it.',
);

export const indexRules: readonly Rule[] = [
  part(
    'index-concurrently',
    'CREATE INDEX CONCURRENTLY',
    'CONCURRENTLY not supported for CREATE INDEX',
    documented,
    'runs',
    (statement) => statement.concurrent === true,
    'CREATE INDEX ASYNC.',
  ),
  part(
    'index-method',
    'CREATE INDEX ... USING',
    'USING not supported for CREATE INDEX',
    documented,
    'runs',
    hasMethod,
    'Leave USING out: the only method is a B-tree.',
  ),
  part(
    'index-order',
    'sort order of index keys',
    'specifying sort order not supported for index keys',
    documented,
    'runs',
    (statement) => elementsOf(statement).some(({ ordering }) => ordering === 'SORTBY_ASC' || ordering === 'SORTBY_DESC'),
    'Leave ASC and DESC out: an index is read in both directions.',
  ),
  part(
    'index-operator-class',
    'operator classes of index keys',
    'opclass not supported for index keys',
    documented,
    'refused',
    (statement) => elementsOf(statement).some(({ opclass }) => (opclass?.length ?? 0) > 0),
    'Leave the operator class out. Keys are ordered by bytes, so LIKE finds prefixes without one.',
  ),
  part('index-collation', 'collations of index keys', 'collation not supported for index keys', inferred, 'refused', (statement) =>
    elementsOf(statement).some(({ collation }) => (collation?.length ?? 0) > 0),
  ),
  part(
    'index-tablespace',
    'CREATE INDEX ... TABLESPACE',
    'TABLESPACE not supported for CREATE INDEX',
    inferred,
    'refused',
    (statement) => statement.tableSpace !== undefined,
    'Leave TABLESPACE out.',
  ),
  part(
    'index-storage-parameters',
    'storage parameters of CREATE INDEX',
    'WITH not supported for CREATE INDEX',
    inferred,
    'runs',
    (statement) => (statement.options?.length ?? 0) > 0,
    'Leave WITH (...) out.',
  ),
  syncIndexRule,
];

/** The tree says btree where nothing is written, so the text is asked: USING stands between the table and its keys. */
function hasMethod(_: IndexStmt, parsed: ParsedStatement): boolean {
  let isAfterOn = false;
  for (const token of scanTokens(parsed.text)) {
    const text = parsed.text.slice(token.start, token.end);
    if (token.kind === 'punctuation' && text === '(') return false;
    if (token.kind !== 'word') continue;
    const word = text.toLowerCase();
    if (word === 'on') isAfterOn = true;
    if (isAfterOn && word === 'using') return true;
  }
  return false;
}
