/**
 * Grammar: PostgreSQL's own parser as WebAssembly (npm libpg-query), text in, tree as JSON out.
 *
 * The package's wrapper keeps one instance for ever. Here instances can be replaced: one whose run was broken off (JavaScript's stack
 * overflowed inside it) has lost memory and is not used again, nor is one that a huge statement has blown up. A spare is always made
 * ahead, because making one is asynchronous and parsing is not.
 */

import createInstance from 'libpg-query/wasm/libpg-query.js';
import { InvariantError } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';

/** What of Emscripten's module object is used here. */
export type GrammarInstance = {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _wasm_parse_query_raw(text: number): number;
  _wasm_free_parse_result(result: number): void;
  getValue(pointer: number, type: 'i32'): number;
  UTF8ToString(pointer: number): string;
  stringToUTF8(text: string, pointer: number, bytes: number): void;
  lengthBytesUTF8(text: string): number;
};

export type GrammarError = {
  readonly message: string;
  /** Source file of PostgreSQL that raised it, such as scan.l. */
  readonly file: string;
  /** 1-based character; 0 for none. */
  readonly position: number;
};

/** Wasm memory never shrinks: an instance above this is replaced once its statement is parsed. */
const heapBytesMax = 192 * 1024 * 1024;

let current: GrammarInstance | undefined;
let spare: GrammarInstance | undefined;
let loading: Promise<void> | undefined;

export function loadGrammar(): Promise<void> {
  loading ??= Promise.all([createInstance(), createInstance()]).then(([first, second]) => {
    current = first;
    spare = second;
  });
  return loading;
}

/** The making of an instance that is under way, undefined when none is. */
let making: Promise<void> | undefined;

function replaceInstance(): void {
  current = spare;
  spare = undefined;
  makeInstances();
}

function makeInstances(): void {
  making ??= createInstance().then((made) => {
    making = undefined;
    if (current === undefined) current = made;
    else spare = made;
    if (spare === undefined) makeInstances();
  });
}

/** Two statements in a row can use up both instances: whoever parses waits for this first. undefined: go on. */
export const untilGrammar = (): Promise<void> | undefined => (current === undefined ? (making ?? loading) : undefined);

/** The tree's JSON, or what is wrong with the text. */
export function runGrammar(text: string): { readonly tree: string } | { readonly error: GrammarError } {
  const grammar = current;
  if (grammar === undefined) {
    if (loading === undefined) throw new InvariantError('loadParser() has resolved before the first parse');
    // Statements wait for untilGrammar(); what is parsed in their course (a view's text, a default) may still come here.
    throw new SqlError(sqlstate.outOfMemory, 'out of memory', {
      detail: 'The parser is being replaced after a statement that was too large.',
    });
  }
  try {
    const answer = run(grammar, text);
    if (grammar.HEAPU8.length > heapBytesMax && spare !== undefined) replaceInstance();
    return answer;
  } catch (error) {
    replaceInstance();
    // WebAssembly.RuntimeError is a trap, such as memory out of bounds.
    if (error instanceof RangeError || (error instanceof Error && error.name === 'RuntimeError')) throw stackDepthExceeded();
    throw error;
  }
}

function run(grammar: GrammarInstance, text: string): { readonly tree: string } | { readonly error: GrammarError } {
  const bytes = grammar.lengthBytesUTF8(text) + 1;
  const input = grammar._malloc(bytes);
  if (input === 0) throw new SqlError(sqlstate.outOfMemory, 'out of memory');
  grammar.stringToUTF8(text, input, bytes);
  const result = grammar._wasm_parse_query_raw(input);
  grammar._free(input);
  if (result === 0) throw new SqlError(sqlstate.outOfMemory, 'out of memory');
  // struct { char *parse_tree; char *stderr_buffer; PgQueryError *error }
  const tree = grammar.getValue(result, 'i32');
  const failure = grammar.getValue(result + 8, 'i32');
  const answer = failure === 0 ? { tree: grammar.UTF8ToString(tree) } : { error: readError(grammar, failure) };
  grammar._wasm_free_parse_result(result);
  return answer;
}

/** struct { char *message; char *funcname; char *filename; int lineno; int cursorpos; char *context } */
function readError(grammar: GrammarInstance, at: number): GrammarError {
  const textAt = (offset: number): string => {
    const pointer = grammar.getValue(at + offset, 'i32');
    return pointer === 0 ? '' : grammar.UTF8ToString(pointer);
  };
  return { message: textAt(0), file: textAt(8), position: grammar.getValue(at + 16, 'i32') };
}

export const stackDepthExceeded = (): SqlError =>
  new SqlError(sqlstate.statementTooComplex, 'stack depth limit exceeded', {
    hint: 'Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the platform\'s stack depth limit is adequate.',
  });
