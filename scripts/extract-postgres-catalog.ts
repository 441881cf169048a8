/**
 * Writes src/sql/postgres/pg-*.ts from the catalog of a real PostgreSQL 16 (see oracle.ts); run it when a new minor
 * version of the oracle is taken. From the repository:
 *
 * npx tsc --ignoreConfig --outDir node_modules/.cache/scripts --module nodenext --target es2023 --types node
 *   --rewriteRelativeImportExtensions scripts/extract-postgres-catalog.ts &&
 * node node_modules/.cache/scripts/extract-postgres-catalog.js [folder]
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import pg from 'pg';
import { startPostgres } from './oracle.ts';

/**
 * How one property is named, typed and read back; `sql` gives it as text. A value that is the `usual` one is written as absent, so
 * such columns stand last. Reading costs by the field: letters and flags that stand together are one field.
 */
type Column = { readonly name: string; readonly kind: Kind; readonly sql: string; readonly type?: string; readonly usual?: string };
type Kind = 'number' | 'letter' | 'text' | 'flag' | 'optionalText' | 'numbers' | 'optionalNumbers' | 'optionalTexts';

type Table = {
  /** The row's type, such as `PgType`. */
  readonly type: string;
  /** The exported list, such as `pgTypes`. */
  readonly list: string;
  readonly about: string;
  readonly columns: readonly Column[];
  /** What follows the select list. */
  readonly from: string;
};

type Generated = { readonly name: string; readonly tables: readonly Table[] };

const typeOf: Readonly<Record<Kind, string>> = {
  number: 'number',
  letter: 'string',
  text: 'string',
  flag: 'boolean',
  optionalText: 'string | undefined',
  numbers: 'readonly number[]',
  optionalNumbers: 'readonly number[] | undefined',
  optionalTexts: 'readonly string[] | undefined',
};

const number = (name: string, sql: string): Column => ({ name, kind: 'number', sql });
const flag = (name: string, sql: string): Column => ({ name, kind: 'flag', sql });
const letter = (name: string, sql: string, ...union: readonly string[]): Column => ({ ...text(name, sql, ...union), kind: 'letter' });
const optional = (name: string, sql: string): Column => ({ name, kind: 'optionalText', sql });

function text(name: string, sql: string, ...union: readonly string[]): Column {
  const column: Column = { name, kind: 'text', sql };
  return union.length === 0 ? column : { ...column, type: union.map((value) => `'${value}'`).join(' | ') };
}

/** A function's plain name, `-` for none, as regproc shows it; an input function's name is never ambiguous. */
const functionName = (oid: string): string => `coalesce((select proname from pg_proc where oid = ${oid}), '-')`;

/** Below it are the objects that initdb makes. */
const builtIn = 16384;

const generated: readonly Generated[] = [
  {
    name: 'pg-type',
    tables: [
      {
        type: 'PgType',
        list: 'pgTypes',
        about: 'The types of pg_catalog but the row types of its relations and their arrays.',
        columns: [
          number('oid', 't.oid'),
          text('name', 't.typname'),
          number('length', 't.typlen'),
          flag('byValue', 't.typbyval'),
          letter('kind', 't.typtype', 'b', 'p', 'r', 'm'),
          letter('category', 't.typcategory'),
          flag('preferred', 't.typispreferred'),
          letter('delimiter', 't.typdelim'),
          number('relationOid', 't.typrelid'),
          number('elementOid', 't.typelem'),
          number('arrayOid', 't.typarray'),
          letter('align', 't.typalign', 'c', 's', 'i', 'd'),
          letter('storage', 't.typstorage', 'p', 'e', 'x', 'm'),
          text('input', functionName('t.typinput')),
          text('output', functionName('t.typoutput')),
          text('receive', functionName('t.typreceive')),
          text('send', functionName('t.typsend')),
        ],
        from: `from pg_type t left join pg_type e on e.oid = t.typelem
          where t.oid < ${builtIn} and t.typnamespace = 'pg_catalog'::regnamespace
            and t.typtype in ('b', 'p', 'r', 'm') and coalesce(e.typtype, 'b') <> 'c' order by t.oid`,
      },
    ],
  },
  {
    name: 'pg-proc',
    tables: [
      {
        type: 'PgProc',
        list: 'pgProcs',
        about:
          'Functions, aggregates and window functions. The few whose `schema` is information_schema have oids that another build may number otherwise.',
        columns: [
          number('oid', 'p.oid'),
          text('name', 'p.proname'),
          letter('kind', 'p.prokind', 'f', 'a', 'w', 'p'),
          flag('strict', 'p.proisstrict'),
          flag('returnsSet', 'p.proretset'),
          letter('volatility', 'p.provolatile', 'i', 's', 'v'),
          flag('leakproof', 'p.proleakproof'),
          { name: 'argTypes', kind: 'numbers', sql: `array_to_string(p.proargtypes, ' ')` },
          number('returnType', 'p.prorettype'),
          text('source', 'p.prosrc'),
          { ...text('language', 'l.lanname', 'internal', 'sql', 'c'), usual: 'internal' },
          { name: 'allArgTypes', kind: 'optionalNumbers', sql: `array_to_string(p.proallargtypes, ' ')` },
          optional('argModes', `array_to_string(p.proargmodes, '')`),
          { name: 'argNames', kind: 'optionalTexts', sql: `array_to_string(p.proargnames, ',')` },
          { ...number('variadic', 'p.provariadic'), usual: '0' },
          { ...number('defaults', 'p.pronargdefaults'), usual: '0' },
          optional('defaultExpressions', 'pg_get_expr(p.proargdefaults, 0)'),
          optional('sqlBody', `case when l.lanname = 'sql' then coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) end`),
          { ...text('schema', 'p.pronamespace::regnamespace', 'pg_catalog', 'information_schema', 'sys'), usual: 'pg_catalog' },
        ],
        from: `from pg_proc p join pg_language l on l.oid = p.prolang where p.oid < ${builtIn} order by p.oid`,
      },
    ],
  },
  {
    name: 'pg-operator',
    tables: [
      {
        type: 'PgOperator',
        list: 'pgOperators',
        about: 'Operators; `left` is 0 for a prefix operator.',
        columns: [
          number('oid', 'oid'),
          text('name', 'oprname'),
          letter('kind', 'oprkind', 'b', 'l'),
          number('left', 'oprleft'),
          number('right', 'oprright'),
          number('result', 'oprresult'),
          number('commutator', 'oprcom'),
          number('negator', 'oprnegate'),
          number('function', 'oprcode::oid'),
          flag('canMerge', 'oprcanmerge'),
          flag('canHash', 'oprcanhash'),
        ],
        from: `from pg_operator o where oid < ${builtIn} order by o.oid`,
      },
    ],
  },
  {
    name: 'pg-cast',
    tables: [
      {
        type: 'PgCast',
        list: 'pgCasts',
        about: 'Casts; those through input and output functions that every type has are not listed by PostgreSQL either.',
        columns: [
          number('oid', 'oid'),
          number('source', 'castsource'),
          number('target', 'casttarget'),
          number('function', 'castfunc'),
          letter('context', 'castcontext', 'i', 'a', 'e'),
          letter('method', 'castmethod', 'f', 'i', 'b'),
        ],
        from: `from pg_cast c where oid < ${builtIn} order by c.oid`,
      },
    ],
  },
  {
    name: 'pg-aggregate',
    tables: [
      {
        type: 'PgAggregate',
        list: 'pgAggregates',
        about: 'What pg_proc does not say of an aggregate.',
        columns: [
          number('function', 'aggfnoid::oid'),
          letter('kind', 'aggkind', 'n', 'o', 'h'),
          number('directArgs', 'aggnumdirectargs'),
          number('transitionType', 'aggtranstype'),
          optional('initialValue', 'agginitval'),
        ],
        from: `from pg_aggregate where aggfnoid < ${builtIn} order by aggfnoid::oid`,
      },
    ],
  },
  {
    name: 'pg-opclass',
    tables: [
      {
        type: 'PgOpclass',
        list: 'pgOpclasses',
        about: 'Operator classes of btree and hash.',
        columns: [
          number('oid', 'c.oid'),
          text('method', 'a.amname', 'btree', 'hash'),
          text('name', 'c.opcname'),
          number('family', 'c.opcfamily'),
          number('inputType', 'c.opcintype'),
          flag('isDefault', 'c.opcdefault'),
        ],
        from: `from pg_opclass c join pg_am a on a.oid = c.opcmethod
          where c.oid < ${builtIn} and a.amname in ('btree', 'hash') order by c.oid`,
      },
      {
        type: 'PgAmop',
        list: 'pgAmops',
        about: 'Operators of the families of btree (strategies 1 < 2 <= 3 = 4 >= 5 >) and hash (1 =).',
        columns: [
          number('family', 'o.amopfamily'),
          number('left', 'o.amoplefttype'),
          number('right', 'o.amoprighttype'),
          number('strategy', 'o.amopstrategy'),
          number('operator', 'o.amopopr'),
          text('method', 'a.amname', 'btree', 'hash'),
        ],
        from: `from pg_amop o join pg_am a on a.oid = o.amopmethod
          where o.oid < ${builtIn} and a.amname in ('btree', 'hash')
          order by o.amopfamily, o.amoplefttype, o.amoprighttype, o.amopstrategy`,
      },
    ],
  },
  {
    name: 'pg-setting',
    tables: [
      {
        type: 'PgSetting',
        list: 'pgSettings',
        about:
          'Run-time settings that pg_settings shows (not: is_superuser, role, seed, session_authorization); `setting` is the value built in, before any file or option.',
        columns: [
          text('name', 'name'),
          optional('setting', 'boot_val'),
          optional('unit', 'unit'),
          text('category', 'category'),
          text('description', 'short_desc'),
          text('context', 'context', 'internal', 'postmaster', 'sighup', 'superuser-backend', 'backend', 'superuser', 'user'),
          text('vartype', 'vartype', 'bool', 'enum', 'integer', 'real', 'string'),
          optional('min', 'min_val'),
          optional('max', 'max_val'),
          { name: 'enumvals', kind: 'optionalTexts', sql: `array_to_string(enumvals, ',')` },
        ],
        from: 'from pg_settings order by lower(name)',
      },
    ],
  },
  {
    name: 'pg-timezone-abbreviations',
    tables: [
      {
        type: 'PgTimezoneAbbreviation',
        list: 'pgTimezoneAbbreviations',
        about:
          'Time zone abbreviations of the set `Default`; the few that follow a zone through its history have the offset of the day of extraction.',
        columns: [
          text('abbreviation', 'abbrev'),
          number('offsetSeconds', 'extract(epoch from utc_offset)::integer'),
          flag('isDst', 'is_dst'),
        ],
        from: 'from pg_timezone_abbrevs order by abbrev',
      },
    ],
  },
];

const letters: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '`': '\\q',
  $: '\\d',
};

/** Columns by field. */
function fieldsOf(columns: readonly Column[]): readonly (readonly Column[])[] {
  const fields: Column[][] = [];
  for (const column of columns) {
    const last = fields.at(-1);
    if (last !== undefined && isOneLetter(column) && isOneLetter(last[0])) last.push(column);
    else fields.push([column]);
  }
  return fields;
}

function isOneLetter(column: Column): boolean {
  return column.kind === 'letter' || column.kind === 'flag';
}

function encode(value: string | null, column: Column): string {
  if (value === column.usual) return '\\N';
  if (value === null) {
    if (!column.kind.startsWith('optional')) throw new Error(`${column.name} is null`);
    return '\\N';
  }
  if (column.kind === 'flag') return value === 'true' ? 't' : 'f';
  if (column.kind === 'letter' && !/^[^\\\t\n\r`$]$/.test(value)) throw new Error(`${column.name} is ${value}`);
  return value.replace(/[\\\t\n\r`$]/g, (letter) => letters[letter]);
}

/** A text column without any escape is taken as it stands: asking every field costs milliseconds at start. */
function readBack(column: Column, field: string, isPlain: boolean): string {
  const { kind, type, usual } = column;
  const value = usual === undefined ? field : `or(${field}, '${usual}')`;
  if (kind === 'flag') return `${value} === 't'`;
  if (kind === 'number') return `Number(${value})`;
  if (type !== undefined) return `${value} as ${type}`;
  return kind === 'letter' || (kind === 'text' && isPlain) ? value : `${kind}(${value})`;
}

function source(table: Table, rows: readonly (readonly (string | null)[])[]): string {
  const { type, list, about, columns } = table;
  const fields = fieldsOf(columns);
  const lines: string[] = [];
  for (const row of rows) {
    const encoded = new Map(row.map((value, index) => [columns[index], encode(value, columns[index])]));
    const line = fields.map((field) => field.map((column) => encoded.get(column)).join('')).join('\t');
    lines.push(line.replace(/(\t\\N)+$/, ''));
  }
  const properties = columns.map((column) => `  readonly ${column.name}: ${column.type ?? typeOf[column.kind]};`);
  const reads = fields.flatMap((field, index) =>
    field.map((column, letter) => {
      const isPlain = rows.every((row) => !/[\\\t\n\r`$]/.test(row[columns.indexOf(column)] ?? ''));
      return `    ${column.name}: ${readBack(column, isOneLetter(column) ? `f[${index}][${letter}]` : `f[${index}]`, isPlain)},`;
    }),
  );
  return `
export type ${type} = {
${properties.join('\n')}
};

/** ${about} */
export const ${list}: readonly ${type}[] = readTable(
  String.raw\`
${lines.join('\n')}
\`,
  (f): ${type} => ({
${reads.join('\n')}
  }),
);
`;
}

async function main(folder: string): Promise<void> {
  const oracle = await startPostgres();
  if (oracle === undefined) throw new Error('no PostgreSQL found');
  const client = new pg.Client({ ...oracle });
  try {
    if (!oracle.version.startsWith('16.')) throw new Error(`PostgreSQL ${oracle.version}, not 16`);
    await client.connect();
    await mkdir(folder, { recursive: true });
    for (const { name, tables } of generated) {
      const parts: string[] = [];
      for (const table of tables) {
        const list = table.columns.map((column) => `(${column.sql})::text`).join(', ');
        const { rows } = await client.query<(string | null)[]>({
          text: `select ${list} ${table.from}`,
          rowMode: 'array',
        });
        parts.push(source(table, rows));
        console.log(`${name}.ts ${table.list}: ${rows.length}`);
      }
      const body = parts.join('');
      const helpers = ['or', ...Object.keys(typeOf)].filter((name) => body.includes(` ${name}(f[`) || body.includes(`(${name}(f[`));
      const names = [...helpers, 'readTable'].sort();
      const head = `// Generated by scripts/extract-postgres-catalog.ts from PostgreSQL 16's own catalog; do not edit.
import { ${names.join(', ')} } from './table.ts';
`;
      await writeFile(path.join(folder, `${name}.ts`), head + body);
    }
  } finally {
    await client.end();
    await oracle.stop();
  }
}

await main(process.argv[2] ?? path.join(process.cwd(), 'src/sql/postgres'));
