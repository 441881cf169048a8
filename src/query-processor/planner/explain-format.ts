/**
 * EXPLAIN's structured formats: one tree of named values, written as JSON, YAML or XML in PostgreSQL's own layout.
 */

/** A number with the digits that PostgreSQL prints. */
export class Digits {
  readonly text: string;

  constructor(value: number, decimals: number) {
    this.text = value.toFixed(decimals);
  }
}

/** Lists of strings stand on one line in JSON; lists of objects have the name of their items for XML. */
export type ExplainValue =
  | string
  | number
  | boolean
  | Digits
  | readonly string[]
  | { readonly item: string; readonly list: readonly ExplainData[] }
  | { readonly group: ExplainData };
export type ExplainData = readonly (readonly [string, ExplainValue])[];

export type StructuredFormat = 'json' | 'yaml' | 'xml';

/** The whole answer, of one query. */
export function writeStructured(data: ExplainData, format: StructuredFormat): string {
  switch (format) {
    case 'json':
      return `[\n  ${jsonObject(data, '  ')}\n]`;
    case 'yaml':
      return `- ${yamlLines(data, '  ').join('\n').trimStart()}`;
    case 'xml':
      return [
        '<explain xmlns="http://www.postgresql.org/2009/explain">',
        '  <Query>',
        ...xmlLines(data, '    '),
        '  </Query>',
        '</explain>',
      ].join('\n');
  }
}

const isStrings = (value: ExplainValue): value is readonly string[] => Array.isArray(value);

function scalarText(value: number | boolean | Digits): string {
  return value instanceof Digits ? value.text : String(value);
}

function jsonObject(data: ExplainData, indent: string): string {
  const inside = `${indent}  `;
  const entries = data.map(([name, value]) => `${inside}${JSON.stringify(name)}: ${jsonValue(value, inside)}`);
  return `{\n${entries.join(',\n')}\n${indent}}`;
}

function jsonValue(value: ExplainValue, indent: string): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (isStrings(value)) return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
  if (typeof value !== 'object' || value instanceof Digits) return scalarText(value);
  if ('group' in value) return jsonObject(value.group, indent);
  const inside = `${indent}  `;
  const items = value.list.map((item) => `${inside}${jsonObject(item, inside)}`);
  return items.length === 0 ? `[\n${indent}]` : `[\n${items.join(',\n')}\n${indent}]`;
}

/** Strings are written as JSON's, which YAML takes. */
function yamlLines(data: ExplainData, indent: string): string[] {
  return data.flatMap(([name, value]) => {
    const inside = `${indent}  `;
    if (typeof value === 'string') return [`${indent}${name}: ${JSON.stringify(value)}`];
    if (isStrings(value)) return [`${indent}${name}: `, ...value.map((item) => `${inside}- ${JSON.stringify(item)}`)];
    if (typeof value !== 'object' || value instanceof Digits) return [`${indent}${name}: ${scalarText(value)}`];
    if ('group' in value) return [`${indent}${name}: `, ...yamlLines(value.group, inside)];
    const items = value.list.map((item) => `${inside}- ${yamlLines(item, `${inside}  `).join('\n').trimStart()}`);
    return [`${indent}${name}: `, ...items];
  });
}

const xmlName = (name: string): string => name.replace(/[^A-Za-z0-9-_.]/g, '-');
const xmlText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#x0d;');

function xmlLines(data: ExplainData, indent: string): string[] {
  return data.flatMap(([name, value]) => {
    const tag = xmlName(name);
    const inside = `${indent}  `;
    const around = (lines: readonly string[]): string[] => [`${indent}<${tag}>`, ...lines, `${indent}</${tag}>`];
    if (typeof value === 'string') return [`${indent}<${tag}>${xmlText(value)}</${tag}>`];
    if (isStrings(value)) return around(value.map((item) => `${inside}<Item>${xmlText(item)}</Item>`));
    if (typeof value !== 'object' || value instanceof Digits) return [`${indent}<${tag}>${scalarText(value)}</${tag}>`];
    if ('group' in value) return around(xmlLines(value.group, inside));
    return around(
      value.list.flatMap((item) => [`${inside}<${value.item}>`, ...xmlLines(item, `${inside}  `), `${inside}</${value.item}>`]),
    );
  });
}
