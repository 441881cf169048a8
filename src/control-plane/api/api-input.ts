/** Reads the members of a request's JSON body and query, and collects everything that is wrong with them: the client learns it in one answer. */
import { type InvalidField, invalidFields, invalidRequest } from './api-error.ts';

export type TextRule = { readonly minimum: number; readonly maximum: number; readonly pattern?: RegExp };

export class ApiInput {
  readonly #members: ReadonlyMap<string, unknown>;
  readonly #path: string;
  readonly #errors: InvalidField[];

  constructor(members: ReadonlyMap<string, unknown>, path = '', errors: InvalidField[] = []) {
    this.#members = members;
    this.#path = path;
    this.#errors = errors;
  }

  text(name: string, rule: TextRule): string | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') return this.#refuse(name, 'must be a string');
    if (value.length < rule.minimum || value.length > rule.maximum)
      return this.#refuse(name, `must have a length between ${rule.minimum} and ${rule.maximum}`);
    if (rule.pattern !== undefined && !rule.pattern.test(value))
      return this.#refuse(name, `must satisfy the regular expression pattern ${rule.pattern.source}`);
    return value;
  }

  boolean(name: string): boolean | undefined {
    const value = this.#value(name);
    return value === undefined || typeof value === 'boolean' ? value : this.#refuse(name, 'must be a boolean');
  }

  integer(name: string, minimum: number, maximum: number): number | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number)) return this.#refuse(name, 'must be an integer');
    return number < minimum || number > maximum ? this.#refuse(name, `must be between ${minimum} and ${maximum}`) : number;
  }

  texts(name: string, rule: TextRule): readonly string[] | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) return this.#refuse(name, 'must be a list');
    return value.map(
      (each, i) => new ApiInput(new Map([[String(i), each]]), `${this.#pathOf(name)}.`, this.#errors).text(String(i), rule) ?? '',
    );
  }

  object(name: string): ApiInput | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    const members = membersOf(value);
    return members === undefined ? this.#refuse(name, 'must be an object') : new ApiInput(members, `${this.#pathOf(name)}.`, this.#errors);
  }

  tags(name: string): Readonly<Record<string, string>> | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    const members = membersOf(value);
    if (members === undefined) return this.#refuse(name, 'must be a map');
    if (members.size > 200) return this.#refuse(name, 'must have at most 200 members');
    const tags: [string, string][] = [];
    for (const [key, text] of members) {
      if (key.length < 1 || key.length > 128 || !tagPattern.test(key)) this.#refuse(name, `has the invalid key ${JSON.stringify(key)}`);
      else if (/^aws:/i.test(key)) this.#refuse(name, 'must not have keys that begin with aws:');
      else if (typeof text !== 'string' || text.length > 256 || !tagPattern.test(text))
        this.#refuse(name, `has an invalid value for the key ${key}`);
      else tags.push([key, text]);
    }
    return Object.fromEntries(tags);
  }

  required<Value>(name: string, value: Value | undefined): Value | undefined {
    if (value === undefined && !this.#errors.some((error) => error.name === this.#pathOf(name))) this.#refuse(name, 'must not be null');
    return value;
  }

  /** To be called when all has been read. */
  check(): void {
    if (this.#errors.length > 0) throw invalidFields(this.#errors);
  }

  #value(name: string): unknown {
    return this.#members.get(name) ?? undefined;
  }

  #pathOf(name: string): string {
    return `${this.#path}${name}`;
  }

  #refuse(name: string, why: string): undefined {
    const path = this.#pathOf(name);
    this.#errors.push({ name: path, message: `Value at '${path}' failed to satisfy constraint: Member ${why}` });
    return undefined;
  }
}

/** The members of a request's body: an object, or nothing. */
export function bodyMembers(body: Uint8Array): ReadonlyMap<string, unknown> {
  if (body.length === 0) return new Map();
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    throw invalidRequest('cannotParse', 'The request body is not valid JSON.');
  }
  const members = membersOf(value);
  if (members === undefined) throw invalidRequest('cannotParse', 'The request body is not a JSON object.');
  if (isDeeperThan(value, depthMaximum)) throw invalidRequest('cannotParse', 'The request body is nested too deeply.');
  return members;
}

/** No operation takes more than three; what walks through members later need not guard its stack. */
const depthMaximum = 32;

const isDeeperThan = (value: unknown, depth: number): boolean =>
  typeof value === 'object' && value !== null && (depth === 0 || Object.values(value).some((member) => isDeeperThan(member, depth - 1)));

export const tagPattern = /^[a-zA-Z0-9_.:/=+\-@ ]*$/;
export const tagKeyRule: TextRule = { minimum: 1, maximum: 128, pattern: tagPattern };
export const identifierRule: TextRule = { minimum: 26, maximum: 26, pattern: /^[a-z0-9]{26}$/ };
export const clientTokenRule: TextRule = { minimum: 1, maximum: 128, pattern: /^[!-~]+$/ };
export const policyRule: TextRule = { minimum: 1, maximum: 20_480 };

function membersOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? new Map(Object.entries(value)) : undefined;
}
