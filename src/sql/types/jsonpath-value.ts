/** A parsed jsonpath: an expression or predicate over a document, in lax or strict mode. */
import type { Numeric } from './numeric-value.ts';

export type JsonPath = { readonly strict: boolean; readonly root: PathItem };

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type Arithmetic = '+' | '-' | '*' | '/' | '%';
export type PathMethod = 'type' | 'size' | 'abs' | 'floor' | 'ceiling' | 'double' | 'keyvalue';

export type PathItem =
  | { readonly kind: 'literal'; readonly value: null | boolean | string | Numeric }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'root' | 'current' | 'last' }
  | { readonly kind: 'arithmetic'; readonly operator: Arithmetic; readonly left: PathItem; readonly right: PathItem }
  | { readonly kind: 'sign'; readonly operator: '+' | '-'; readonly operand: PathItem }
  | { readonly kind: 'logical'; readonly operator: '&&' | '||'; readonly left: PathItem; readonly right: PathItem }
  | { readonly kind: 'not' | 'isUnknown' | 'exists'; readonly operand: PathItem }
  | { readonly kind: 'comparison'; readonly operator: Comparison; readonly left: PathItem; readonly right: PathItem }
  | { readonly kind: 'startsWith'; readonly left: PathItem; readonly right: PathItem }
  | { readonly kind: 'likeRegex'; readonly operand: PathItem; readonly pattern: string; readonly flags: string }
  /** What accessors look into, and the accessors one after another. */
  | { readonly kind: 'chain'; readonly base: PathItem; readonly steps: readonly PathStep[] };

export type PathStep =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'anyMember' | 'anyItem' }
  | { readonly kind: 'items'; readonly subscripts: readonly { readonly from: PathItem; readonly to: PathItem | undefined }[] }
  /** Levels below; Infinity is `last`, the leaves. */
  | { readonly kind: 'descend'; readonly first: number; readonly last: number }
  | { readonly kind: 'filter'; readonly predicate: PathItem }
  | { readonly kind: 'method'; readonly name: PathMethod }
  | { readonly kind: 'datetime'; readonly template: string | undefined };
