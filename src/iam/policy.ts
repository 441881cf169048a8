/**
 * Policy documents: JSON as IAM has it, checked when it is stored, evaluated at each use.
 *
 *   A statement matches a request when its action, its resource, its principal (resource policies) and all of its conditions do. What is not
 *   understood (an operator, an element) is refused when the document is stored, so that no statement ever means more than it says.
 */
import { conditionHolds, conditionOperators } from './policy-condition.ts';
import { isLike } from './wildcard.ts';

export type PolicyKind = 'identity' | 'resource';

export type Statement = {
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  readonly isNotAction: boolean;
  readonly resources: readonly string[];
  readonly isNotResource: boolean;
  /** Resource policies only. '*', ARNs, account numbers. */
  readonly principals: readonly string[];
  readonly isNotPrincipal: boolean;
  readonly conditions: readonly Condition[];
};

export type Condition = { readonly operator: string; readonly key: string; readonly values: readonly string[] };

export type Policy = { readonly statements: readonly Statement[] };

export type PolicyRequest = {
  /** service:Operation */
  readonly action: string;
  readonly resource: string;
  /** ARNs by which policies may name the caller. */
  readonly principals: readonly string[];
  /** Condition keys in lower case. */
  readonly context: ReadonlyMap<string, readonly string[]>;
};

export class MalformedPolicy extends Error {
  override readonly name = 'MalformedPolicy';
}

export function parsePolicy(text: string, kind: PolicyKind): Policy {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new MalformedPolicy('The policy is not valid JSON.');
  }
  const members = objectOf(document, 'The policy');
  onlyMembers(members, ['Version', 'Id', 'Statement'], 'The policy');
  if (members.Version !== undefined && members.Version !== '2012-10-17' && members.Version !== '2008-10-17')
    throw new MalformedPolicy('The policy has an invalid version.');
  if (members.Statement === undefined) throw new MalformedPolicy('The policy has no statement.');
  const statements = Array.isArray(members.Statement) ? members.Statement : [members.Statement];
  if (statements.length === 0) throw new MalformedPolicy('The policy has no statement.');
  return { statements: statements.map((statement) => parseStatement(statement, kind)) };
}

/** What the policies say of the request: a denial outweighs everything. */
export function evaluate(policies: readonly Policy[], request: PolicyRequest): 'allowed' | 'denied' | 'silent' {
  let verdict: 'allowed' | 'silent' = 'silent';
  for (const { statements } of policies) {
    for (const statement of statements) {
      if (!matches(statement, request)) continue;
      if (statement.effect === 'Deny') return 'denied';
      verdict = 'allowed';
    }
  }
  return verdict;
}

function matches(statement: Statement, request: PolicyRequest): boolean {
  const { actions, isNotAction, resources, isNotResource, conditions } = statement;
  if (actions.some((pattern) => isLike(request.action.toLowerCase(), pattern.toLowerCase())) === isNotAction) return false;
  const fits = resources.some((pattern) => isLike(request.resource, substituted(pattern, request)));
  if (fits === isNotResource) return false;
  if (!principalMatches(statement, request)) return false;
  return conditions.every((condition) =>
    conditionHolds({ ...condition, values: condition.values.map((value) => substituted(value, request)) }, request.context),
  );
}

function principalMatches({ principals, isNotPrincipal }: Statement, request: PolicyRequest): boolean {
  if (principals.length === 0) return true;
  const fits = principals.some((principal) => principal === '*' || request.principals.includes(principal));
  return fits !== isNotPrincipal;
}

/** Policy variables such as ${aws:username}. One that the request does not know matches nothing. */
function substituted(pattern: string, { context }: PolicyRequest): string {
  if (!pattern.includes('${')) return pattern;
  return pattern.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    if (name === '*' || name === '?' || name === '$') return name;
    const values = context.get(name.toLowerCase());
    return values?.length === 1 ? values[0] : '\0';
  });
}

function parseStatement(statement: unknown, kind: PolicyKind): Statement {
  const members = objectOf(statement, 'A statement');
  const known = ['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition', 'Principal', 'NotPrincipal'];
  onlyMembers(members, known, 'A statement');
  const { Effect: effect } = members;
  if (effect !== 'Allow' && effect !== 'Deny') throw new MalformedPolicy('The effect of a statement must be Allow or Deny.');
  const [actions, isNotAction] = either(members, 'Action');
  for (const action of actions)
    if (action !== '*' && !/^[a-z0-9-]+:[A-Za-z0-9*?]+$/.test(action)) throw new MalformedPolicy(`The action ${action} is not valid.`);
  const [resources, isNotResource] =
    kind === 'resource' && members.Resource === undefined && members.NotResource === undefined
      ? [['*'], false]
      : either(members, 'Resource');
  for (const resource of resources)
    if (resource !== '*' && !resource.startsWith('arn:')) throw new MalformedPolicy(`The resource ${resource} is not an ARN.`);
  const hasPrincipal = members.Principal !== undefined || members.NotPrincipal !== undefined;
  if (kind === 'identity' && hasPrincipal) throw new MalformedPolicy('A policy of an identity has no principal.');
  if (kind === 'resource' && !hasPrincipal) throw new MalformedPolicy('A statement of a resource policy needs a principal.');
  if (members.Principal !== undefined && members.NotPrincipal !== undefined)
    throw new MalformedPolicy('A statement has Principal or NotPrincipal, not both.');
  if (members.NotPrincipal !== undefined && effect === 'Allow') throw new MalformedPolicy('NotPrincipal goes with Deny only.');
  return {
    effect,
    actions,
    isNotAction,
    resources,
    isNotResource,
    principals: hasPrincipal ? principalsOf(members.Principal ?? members.NotPrincipal) : [],
    isNotPrincipal: members.NotPrincipal !== undefined,
    conditions: members.Condition === undefined ? [] : conditionsOf(members.Condition),
  };
}

function either(members: Readonly<Record<string, unknown>>, name: string): readonly [readonly string[], boolean] {
  const [plain, negated] = [members[name], members[`Not${name}`]];
  if ((plain === undefined) === (negated === undefined)) throw new MalformedPolicy(`A statement has either ${name} or Not${name}.`);
  return [textsOf(plain ?? negated, name), negated !== undefined];
}

function principalsOf(value: unknown): readonly string[] {
  if (value === '*') return ['*'];
  const members = objectOf(value, 'The principal');
  onlyMembers(members, ['AWS'], 'The principal');
  return textsOf(members.AWS, 'Principal').map((principal) => {
    if (/^\d{12}$/.test(principal)) return `arn:aws:iam::${principal}:root`;
    if (principal !== '*' && !/^arn:aws(-[^:]+)?:(iam|sts)::\d{12}:(root|user\/.+|role\/.+|assumed-role\/.+\/.+)$/.test(principal))
      throw new MalformedPolicy(`The principal ${principal} is not valid.`);
    return principal;
  });
}

function conditionsOf(value: unknown): readonly Condition[] {
  return Object.entries(objectOf(value, 'The condition')).flatMap(([operator, keys]) => {
    if (!conditionOperators.has(operator.replace(/^For(AnyValue|AllValues):/, '').replace(/IfExists$/, '')))
      throw new MalformedPolicy(`The condition operator ${operator} is not valid.`);
    return Object.entries(objectOf(keys, `The condition ${operator}`)).map(([key, values]) => ({
      operator,
      key: key.toLowerCase(),
      values: textsOf(values, key),
    }));
  });
}

function textsOf(value: unknown, name: string): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.length === 0) throw new MalformedPolicy(`${name} is empty.`);
  return values.map((each) => {
    if (typeof each === 'boolean' || typeof each === 'number') return String(each);
    if (typeof each !== 'string') throw new MalformedPolicy(`${name} must be a text or a list of texts.`);
    return each;
  });
}

function objectOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new MalformedPolicy(`${name} must be an object.`);
  return Object.fromEntries(Object.entries(value));
}

function onlyMembers(members: Readonly<Record<string, unknown>>, known: readonly string[], name: string): void {
  for (const member of Object.keys(members)) if (!known.includes(member)) throw new MalformedPolicy(`${name} has no element ${member}.`);
}
