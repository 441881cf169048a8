/** json: text that was checked and is kept as it came. jsonpath: text too, parsed again (and remembered) where it is used. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { behaviour } from './behaviour.ts';
import { parseJson } from './json-parser.ts';
import { parseJsonPath } from './jsonpath-parser.ts';
import { formatJsonPath } from './jsonpath-text.ts';
import { decodeTextRow, encodeTextRow, receiveText } from './text.ts';

/** Throws PostgreSQL's error when the text is not JSON. JavaScript's parser takes exactly the same texts, and is quicker. */
export function checkJson(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    parseJson(text, true);
  }
  return text;
}

export const jsonType = behaviour<string>({
  input: checkJson,
  output: (value) => value,
  receive: (reader) => checkJson(receiveText(reader)),
  send: (value, writer) => {
    writer.utf8(value);
  },
  encodeRow: encodeTextRow,
  decodeRow: decodeTextRow,
});

/** The version byte in front of the text in the binary forms of jsonb and jsonpath. */
export function checkVersion(typeName: string, version: number): void {
  if (version !== 1) throw new SqlError(sqlstate.internalError, `unsupported ${typeName} version number ${version}`);
}

/** A path is kept as text, in the form that PostgreSQL prints. */
const normalJsonpath = (text: string): string => formatJsonPath(parseJsonPath(text));

export const jsonpathType = behaviour<string>({
  input: normalJsonpath,
  output: (value) => value,
  receive(reader) {
    checkVersion('jsonpath', reader.uint8());
    return normalJsonpath(receiveText(reader));
  },
  send(value, writer) {
    writer.uint8(1);
    writer.utf8(value);
  },
  encodeRow: encodeTextRow,
  decodeRow: decodeTextRow,
});
