/**
 * A physical plan as EXPLAIN tells it: operators under PostgreSQL's names, and what the planner keeps as operators of its own but
 * PostgreSQL's readers know as part of another one (projection, filter, subqueries, common tables) put there.
 *
 * Scans read as Aurora DSQL's do: the access, and beneath it what storage does.
 */
import type { Expression, SortKey } from '#sql/expression.ts';
import type { OutputColumn } from '../analyzer/logical-plan.ts';
import { isInitPlan, PlanNames, quoteName } from './explain-names.ts';
import type { Estimate, IndexScan, PhysicalPlan, TableScan } from './physical-plan.ts';
import { columnRef } from './plan-tree.ts';

export type ExplainNode = {
  readonly nodeType: string;
  /** The first line: the operator and what it works on. */
  title: string;
  /** For the structured formats only. */
  readonly attributes: [string, string | boolean][];
  /** A line each: Filter, Sort Key, ... */
  readonly properties: ExplainProperty[];
  estimate: Estimate;
  /** The plan nodes that this one stands for, outermost first: the first with figures gives the actual rows. */
  readonly sources: PhysicalPlan[];
  output: readonly string[];
  readonly children: ExplainChild[];
  /** The operator whose use of memory belongs here. */
  memoryOf?: PhysicalPlan;
};

export type ExplainProperty = {
  readonly name: string;
  readonly value: string | readonly string[];
  /** Of a condition: the operators that test it, which count what they leave out. */
  readonly testedBy?: readonly PhysicalPlan[];
};

export type ExplainChild = {
  readonly relationship: 'Outer' | 'Inner' | 'Member' | 'InitPlan' | 'SubPlan';
  /** `InitPlan 1 (returns $0)`, `CTE x`: a line of its own above the child. */
  readonly heading: string | undefined;
  readonly node: ExplainNode;
};

export function explainNode(plan: PhysicalPlan, isVerbose: boolean): ExplainNode {
  return new Describer(new PlanNames(plan, isVerbose), isVerbose).describe(plan);
}

class Describer {
  readonly #names: PlanNames;
  readonly #isVerbose: boolean;
  readonly #working = new Set<number>();

  constructor(names: PlanNames, isVerbose: boolean) {
    this.#names = names;
    this.#isVerbose = isVerbose;
  }

  describe(plan: PhysicalPlan): ExplainNode {
    switch (plan.kind) {
      case 'oneRow':
        return this.#node(plan, 'Result');
      case 'values':
        if (plan.rows.length === 0) return this.#node(plan, 'Result', { properties: [{ name: 'One-Time Filter', value: 'false' }] });
        return this.#node(plan, 'Values Scan', { title: 'Values Scan on "*VALUES*"', attributes: [['Alias', '*VALUES*']] });
      case 'tableScan':
        return this.#tableScan(plan);
      case 'indexScan':
        return this.#indexScan(plan);
      case 'systemScan': {
        const node = this.#node(plan, 'Seq Scan', { title: `Seq Scan on ${this.#relation(plan)}`, attributes: relationAttributes(plan) });
        this.#add(node, 'Filter', plan.filter, plan);
        return node;
      }
      case 'functionScan': {
        const names = plan.functions.map(({ call }) =>
          call.kind === 'function' && call.form.kind === 'routine' ? plan.alias : this.#names.functionName(call),
        );
        const title = `Function Scan on ${names.join(', ')}${names.length === 1 && names[0] === plan.alias ? '' : ` ${quoteName(plan.alias)}`}`;
        const node = this.#node(plan, 'Function Scan', { title, attributes: [['Alias', plan.alias]] });
        if (this.#isVerbose)
          node.properties.push({ name: 'Function Call', value: plan.functions.map((item) => this.#text(item.call)).join(', ') });
        return node;
      }
      case 'project':
      case 'projectSet': {
        if (plan.kind === 'projectSet') {
          const node = this.#node(plan, 'ProjectSet');
          node.output = plan.targets.map((target) => this.#names.outputText(target.expression, false));
          return this.#with(node, 'Outer', plan.input);
        }
        const node = this.#over(plan, plan.input);
        node.output = plan.targets.map((target) => this.#names.outputText(target.expression, isOwnOver(plan.input)));
        return node;
      }
      case 'filter': {
        const node = this.#over(plan, plan.input);
        const isOneTime = plan.input.kind === 'oneRow';
        this.#addFilter(node, isOneTime ? 'One-Time Filter' : 'Filter', this.#textOver(plan.condition, plan.input), plan);
        return node;
      }
      case 'await':
        return this.#over(plan, plan.input);
      case 'apply': {
        const node = this.#over(plan, plan.input);
        this.#addSubplan(node, plan);
        return node;
      }
      case 'nestedLoop': {
        const once = plan.join === 'inner' && plan.condition === undefined ? onceChain(plan.outer) : undefined;
        if (once !== undefined) return this.#overOnce(plan, plan.inner, once);
        return this.#nestedLoop(plan);
      }
      case 'crossMatch':
        return this.#nestedLoop(plan);
      case 'hashJoin': {
        const node = this.#node(plan, 'Hash Join', {
          title: joinTitle('Hash', plan.join),
          attributes: [['Join Type', joinType(plan.join)]],
        });
        const pairs = plan.outerKeys.map((key, i) => `(${this.#text(key)} = ${this.#text(plan.innerKeys[i])})`);
        node.properties.push({ name: 'Hash Cond', value: pairs.length === 1 ? pairs[0] : `(${pairs.join(' AND ')})` });
        this.#add(node, 'Join Filter', plan.condition, plan);
        this.#with(node, 'Outer', plan.outer);
        const inner = this.describe(plan.inner);
        const { totalCost } = inner.estimate;
        node.children.push({
          relationship: 'Inner',
          heading: undefined,
          node: {
            ...inner,
            nodeType: 'Hash',
            title: 'Hash',
            attributes: [],
            properties: [],
            estimate: { ...inner.estimate, startupCost: totalCost },
            sources: [...inner.sources],
            memoryOf: plan,
            children: [{ relationship: 'Outer', heading: undefined, node: inner }],
          },
        });
        return node;
      }
      case 'lookupJoin':
        return this.#lookupJoin(plan);
      case 'aggregate': {
        const titles = { plain: 'Aggregate', hashed: 'HashAggregate', sorted: 'GroupAggregate', mixed: 'MixedAggregate' } as const;
        const node = this.#node(plan, 'Aggregate', {
          title: titles[plan.strategy],
          attributes: [
            ['Strategy', strategyName(plan.strategy)],
            ['Partial Mode', 'Simple'],
          ],
        });
        if (plan.strategy === 'hashed' || plan.strategy === 'mixed') node.memoryOf = plan;
        const key = (at: number) => this.#text(plan.groupBy[at].expression);
        if (plan.groupingSets !== undefined)
          for (const set of plan.groupingSets)
            node.properties.push({ name: set.length === 0 ? 'Group Key' : 'Hash Key', value: set.length === 0 ? '()' : set.map(key) });
        else if (plan.groupBy.length > 0) node.properties.push({ name: 'Group Key', value: plan.groupBy.map((_, at) => key(at)) });
        return this.#with(node, 'Outer', plan.input);
      }
      case 'window':
        return this.#with(this.#node(plan, 'WindowAgg'), 'Outer', plan.input);
      case 'sort': {
        const node = this.#node(plan, plan.presorted > 0 ? 'Incremental Sort' : 'Sort');
        const keys = plan.keys.map((key) => this.#sortKey(key));
        node.properties.push({ name: 'Sort Key', value: keys });
        if (plan.presorted > 0)
          node.properties.push({
            name: 'Presorted Key',
            value: plan.keys.slice(0, plan.presorted).map((key) => this.#text(key.expression)),
          });
        node.memoryOf = plan;
        return this.#with(node, 'Outer', plan.input);
      }
      case 'limit':
        return this.#with(this.#node(plan, 'Limit'), 'Outer', plan.input);
      case 'distinct': {
        if (plan.isSorted || plan.on !== undefined) return this.#with(this.#node(plan, 'Unique'), 'Outer', plan.input);
        const node = this.#hashedAggregate(plan);
        node.properties.push({ name: 'Group Key', value: plan.input.output.map((column) => this.#text(columnRef(column))) });
        return this.#with(node, 'Outer', plan.input);
      }
      case 'setOperation':
        return this.#setOperation(plan);
      case 'with':
        return this.#commonTable(plan);
      case 'cteScan': {
        const name = this.#working.has(plan.cte) ? 'WorkTable Scan' : 'CTE Scan';
        const alias = plan.alias === plan.name ? '' : ` ${quoteName(plan.alias)}`;
        return this.#node(plan, name, {
          title: `${name} on ${quoteName(plan.name)}${alias}`,
          attributes: [
            ['CTE Name', plan.name],
            ['Alias', plan.alias],
          ],
        });
      }
      case 'lockRows':
        return this.#with(this.#node(plan, 'LockRows'), 'Outer', plan.input);
      case 'insert':
      case 'update':
      case 'delete':
        return this.#modification(plan);
    }
  }

  #node(
    plan: PhysicalPlan,
    nodeType: string,
    more: {
      readonly title?: string;
      readonly attributes?: [string, string | boolean][];
      readonly properties?: ExplainProperty[];
    } = {},
  ): ExplainNode {
    return {
      nodeType,
      title: more.title ?? nodeType,
      attributes: more.attributes ?? [],
      properties: more.properties ?? [],
      estimate: plan.estimate,
      sources: [plan],
      output: plan.output
        .filter(isVisible)
        .map((column) => this.#names.outputText(columnRef(column), plan.kind === 'aggregate' || plan.kind === 'window')),
      children: [],
    };
  }

  /** An operator that shows as part of the one beneath it. */
  #over(plan: PhysicalPlan, input: PhysicalPlan): ExplainNode {
    const node = this.describe(input);
    node.estimate = plan.estimate;
    node.sources.unshift(plan);
    return node;
  }

  #with(node: ExplainNode, relationship: ExplainChild['relationship'], input: PhysicalPlan): ExplainNode {
    node.children.push({ relationship, heading: undefined, node: this.describe(input) });
    return node;
  }

  #text(e: Expression): string {
    return this.#names.text(e);
  }

  #add(node: ExplainNode, name: string, condition: Expression | undefined, testedBy?: PhysicalPlan): void {
    if (condition === undefined) return;
    node.properties.push({ name, value: this.#text(condition), ...(testedBy === undefined ? {} : { testedBy: [testedBy] }) });
  }

  #hashedAggregate(plan: PhysicalPlan): ExplainNode {
    const node = this.#node(plan, 'Aggregate', {
      title: 'HashAggregate',
      attributes: [
        ['Strategy', 'Hashed'],
        ['Partial Mode', 'Simple'],
      ],
    });
    node.memoryOf = plan;
    return node;
  }

  #addFilter(node: ExplainNode, name: string, condition: string, testedBy: PhysicalPlan): void {
    const at = node.properties.findIndex((known) => known.name === name);
    if (at < 0) {
      node.properties.push({ name, value: condition, testedBy: [testedBy] });
      return;
    }
    const known = node.properties[at];
    node.properties[at] = { name, value: `(${String(known.value)} AND ${condition})`, testedBy: [...(known.testedBy ?? []), testedBy] };
  }

  /** Of a filter or projection that shows as part of the operator beneath. */
  #textOver(e: Expression, input: PhysicalPlan): string {
    return isOwnOver(input) ? this.#names.ownText(e) : this.#text(e);
  }

  #sortKey(key: SortKey): string {
    const nulls = key.nullsFirst === key.descending ? '' : key.nullsFirst ? ' NULLS FIRST' : ' NULLS LAST';
    return `${this.#text(key.expression)}${key.descending ? ' DESC' : ''}${nulls}`;
  }

  #addSubplan(node: ExplainNode, plan: Extract<PhysicalPlan, { kind: 'apply' }>): void {
    const isOnce = isInitPlan(plan);
    const number = this.#names.subplanNumber(plan);
    node.children.push({
      relationship: isOnce ? 'InitPlan' : 'SubPlan',
      heading: isOnce ? `InitPlan ${number} (returns $${number - 1})` : `SubPlan ${number}`,
      node: this.describe(plan.subplan),
    });
  }

  /** Subqueries computed once beforehand stand as InitPlans under the operator that uses them. */
  #overOnce(plan: PhysicalPlan, inner: PhysicalPlan, chain: readonly PhysicalPlan[]): ExplainNode {
    const node = this.#over(plan, inner);
    for (const link of chain) if (link.kind === 'apply') this.#addSubplan(node, link);
    for (const link of chain) if (link.kind === 'filter') this.#addFilter(node, 'One-Time Filter', this.#text(link.condition), link);
    return node;
  }

  #relation(plan: { readonly table: { readonly name: string; readonly schemaName: string }; readonly alias: string }): string {
    const name = quoteName(plan.table.name);
    const qualified = this.#isVerbose ? `${quoteName(plan.table.schemaName)}.${name}` : name;
    return plan.alias === plan.table.name ? qualified : `${qualified} ${quoteName(plan.alias)}`;
  }

  #tableScan(plan: TableScan): ExplainNode {
    const key = plan.table.primaryKey;
    const store = key?.name ?? plan.table.name;
    const backward = plan.descending ? ' Backward' : '';
    const node =
      key === undefined
        ? this.#node(plan, 'Full Scan', {
            title: `Full Scan (btree-table) on ${this.#relation(plan)}`,
            attributes: relationAttributes(plan),
          })
        : this.#node(plan, 'Index Only Scan', {
            title: `Index Only Scan${backward} using ${quoteName(key.name)} on ${this.#relation(plan)}`,
            attributes: [
              ['Scan Direction', plan.descending ? 'Backward' : 'Forward'],
              ['Index Name', key.name],
              ...relationAttributes(plan),
            ],
          });
    this.#add(node, 'Index Cond', plan.access?.conditions);
    const storage = this.#storage(plan, `Storage Scan on ${quoteName(store)}`, plan.filter);
    storage.children.push({
      relationship: 'Outer',
      heading: undefined,
      node: this.#btree(plan, `B-Tree Scan on ${quoteName(store)}`, plan.access?.conditions),
    });
    node.children.push({ relationship: 'Outer', heading: undefined, node: storage });
    return node;
  }

  #indexScan(plan: IndexScan): ExplainNode {
    const name = quoteName(indexName(plan));
    const kind = plan.isIndexOnly ? 'Index Only Scan' : 'Index Scan';
    const node = this.#node(plan, kind, {
      title: `${kind}${plan.descending ? ' Backward' : ''} using ${name} on ${this.#relation(plan)}`,
      attributes: [
        ['Scan Direction', plan.descending ? 'Backward' : 'Forward'],
        ['Index Name', indexName(plan)],
        ...relationAttributes(plan),
      ],
    });
    this.#add(node, 'Index Cond', plan.access?.conditions);
    const scan = this.#storage(plan, `Storage Scan on ${name}`, plan.isIndexOnly ? plan.filter : undefined, plan.isIndexOnly);
    scan.children.push({
      relationship: 'Outer',
      heading: undefined,
      node: this.#btree(plan, `B-Tree Scan on ${name}`, plan.access?.conditions),
    });
    node.children.push({ relationship: 'Outer', heading: undefined, node: scan });
    if (!plan.isIndexOnly) {
      const table = quoteName(plan.table.name);
      const lookup = this.#storage(plan, `Storage Lookup on ${table}`, plan.filter);
      lookup.children.push({ relationship: 'Outer', heading: undefined, node: this.#btree(plan, `B-Tree Lookup on ${table}`, undefined) });
      node.children.push({ relationship: 'Inner', heading: undefined, node: lookup });
    }
    return node;
  }

  #storage(plan: TableScan | IndexScan, title: string, filter: Expression | undefined, hasProjections = true): ExplainNode {
    const node = this.#node(plan, title.slice(0, title.indexOf(' on ')), { title });
    node.sources.length = 0;
    const columns = plan.output.filter((column) => column.id !== plan.keyColumn).map((column) => quoteName(column.name));
    if (hasProjections && columns.length > 0) node.properties.push({ name: 'Projections', value: columns });
    this.#add(node, 'Filters', filter, plan);
    return node;
  }

  #btree(plan: TableScan | IndexScan, title: string, condition: Expression | undefined): ExplainNode {
    const node = this.#node(plan, title.slice(0, title.indexOf(' on ')), { title });
    node.sources.length = 0;
    this.#add(node, 'Index Cond', condition);
    return node;
  }

  #nestedLoop(plan: Extract<PhysicalPlan, { kind: 'nestedLoop' | 'crossMatch' }>): ExplainNode {
    const node = this.#node(plan, 'Nested Loop', {
      title: joinTitle('Nested Loop', plan.join),
      attributes: [['Join Type', joinType(plan.join)]],
    });
    this.#add(node, 'Join Filter', plan.condition, plan);
    this.#with(node, 'Outer', plan.outer);
    return this.#with(node, 'Inner', plan.inner);
  }

  #lookupJoin(plan: Extract<PhysicalPlan, { kind: 'lookupJoin' }>): ExplainNode {
    const node = this.#node(plan, 'Nested Loop', { title: 'Nested Loop (Batched Join)' });
    // A line of its own in DSQL's text.
    node.properties.push({ name: 'Join Type', value: joinType(plan.join) });
    this.#add(node, 'Join Filter', plan.condition, plan);
    this.#with(node, 'Outer', plan.outer);
    const index = plan.indexOid === undefined ? undefined : plan.table.indexes.find((candidate) => candidate.oid === plan.indexOid);
    const name = index?.name ?? plan.table.primaryKey?.name ?? plan.table.name;
    const keys = index === undefined ? (plan.table.primaryKey?.attributeNumbers ?? []) : index.keys.map((key) => key.attributeNumber);
    const conditions = plan.keys.map((key, i) => {
      const attribute = keys[i] ?? 0;
      const column = attribute === 0 ? (index?.keys[i].expressionText ?? '?') : quoteName(plan.table.columns[attribute - 1].name);
      return `(${column} = ${this.#text(key)})`;
    });
    const held =
      index === undefined ? undefined : new Set([...keys, ...index.included, ...(plan.table.primaryKey?.attributeNumbers ?? [])]);
    const isCovering =
      held === undefined || plan.innerColumns.every((column) => column.id === plan.keyColumn || held.has(column.attributeNumber));
    const kind = isCovering ? 'Index Only Scan' : 'Index Scan';
    const outerRows = Math.max(1, plan.outer.estimate.rows);
    const { totalCost, startupCost, rows } = plan.estimate;
    const inner: ExplainNode = {
      nodeType: kind,
      title: `${kind} using ${quoteName(name)} on ${this.#relation(plan)}`,
      attributes: [['Index Name', name], ...relationAttributes(plan)],
      properties: [{ name: 'Index Cond', value: conditions.length === 1 ? conditions[0] : `(${conditions.join(' AND ')})` }],
      estimate: {
        startupCost: Math.max(0, startupCost - plan.outer.estimate.startupCost),
        totalCost: Math.max(0, totalCost - plan.outer.estimate.totalCost) / outerRows,
        rows: Math.max(1, Math.round(rows / outerRows)),
        width: plan.estimate.width,
      },
      sources: [],
      output: plan.innerColumns.filter(isVisible).map((column) => this.#names.outputText(columnRef(column), false)),
      children: [],
    };
    node.children.push({ relationship: 'Inner', heading: undefined, node: inner });
    return node;
  }

  #setOperation(plan: Extract<PhysicalPlan, { kind: 'setOperation' }>): ExplainNode {
    if (plan.operation === 'union') {
      const append = this.#node(plan, 'Append');
      for (const branch of plan.all ? unionBranches(plan) : [plan.left, plan.right]) this.#with(append, 'Member', branch);
      if (plan.all) return append;
      append.sources.length = 0;
      const node = this.#hashedAggregate(plan);
      node.properties.push({ name: 'Group Key', value: plan.output.map((column) => this.#text(columnRef(column))) });
      node.children.push({ relationship: 'Outer', heading: undefined, node: append });
      return node;
    }
    const command = `${plan.operation === 'intersect' ? 'Intersect' : 'Except'}${plan.all ? ' All' : ''}`;
    const node = this.#node(plan, 'SetOp', {
      title: `HashSetOp ${command}`,
      attributes: [
        ['Strategy', 'Hashed'],
        ['Command', command],
      ],
    });
    this.#with(node, 'Outer', plan.left);
    return this.#with(node, 'Inner', plan.right);
  }

  #commonTable(plan: Extract<PhysicalPlan, { kind: 'with' }>): ExplainNode {
    let definition = this.describe(plan.definition);
    if (plan.recursive !== undefined) {
      this.#working.add(plan.cte);
      const step = this.describe(plan.recursive.plan);
      this.#working.delete(plan.cte);
      const union = this.#node(plan.definition, 'Recursive Union');
      union.sources.length = 0;
      union.children.push(
        { relationship: 'Outer', heading: undefined, node: definition },
        { relationship: 'Inner', heading: undefined, node: step },
      );
      definition = union;
    }
    const node = this.#over(plan, plan.input);
    node.children.unshift({ relationship: 'InitPlan', heading: `CTE ${quoteName(plan.name)}`, node: definition });
    return node;
  }

  #modification(plan: Extract<PhysicalPlan, { kind: 'insert' | 'update' | 'delete' }>): ExplainNode {
    const operation = { insert: 'Insert', update: 'Update', delete: 'Delete' }[plan.kind];
    const name = quoteName(plan.table.name);
    const node = this.#node(plan, 'ModifyTable', {
      title: `${operation} on ${this.#isVerbose ? `${quoteName(plan.table.schemaName)}.` : ''}${name}`,
      attributes: [
        ['Operation', operation],
        ['Relation Name', plan.table.name],
        ['Alias', plan.table.name],
      ],
    });
    if (plan.kind === 'insert' && plan.onConflict !== undefined) {
      node.properties.push({ name: 'Conflict Resolution', value: plan.onConflict.action.kind === 'nothing' ? 'NOTHING' : 'UPDATE' });
      const arbiters = plan.onConflict.arbiters.map((oid) => indexNameByOid(plan.table, oid));
      if (arbiters.length > 0) node.properties.push({ name: 'Conflict Arbiter Indexes', value: arbiters });
    }
    this.#with(node, 'Outer', plan.input);
    // Subqueries of DO UPDATE stand above the pairs of rows that they are asked about.
    let queries = plan.kind === 'insert' ? plan.conflictQueries?.plan : undefined;
    while (queries !== undefined && queries.kind !== 'cteScan') {
      if (queries.kind === 'apply') this.#addSubplan(node, queries);
      queries = 'input' in queries ? queries.input : undefined;
    }
    return node;
  }
}

/** The key that a row is stored by is no column of the table. */
const isVisible = (column: OutputColumn): boolean => column.name !== '(key)';

/** Whether what stands over `input` is said by the operator that computes it. */
function isOwnOver(input: PhysicalPlan): boolean {
  let at = input;
  while (at.kind === 'filter' || at.kind === 'apply' || at.kind === 'await') at = at.input;
  return at.kind === 'aggregate' || at.kind === 'window' || at.kind === 'oneRow';
}

function relationAttributes(plan: {
  readonly table: { readonly name: string; readonly schemaName: string };
  readonly alias: string;
}): [string, string][] {
  return [
    ['Relation Name', plan.table.name],
    ['Schema', plan.table.schemaName],
    ['Alias', plan.alias],
  ];
}

function indexNameByOid(table: IndexScan['table'], oid: number): string {
  if (table.primaryKey?.indexOid === oid) return table.primaryKey.name;
  return table.indexes.find((index) => index.oid === oid)?.name ?? String(oid);
}

const indexName = (plan: IndexScan): string => indexNameByOid(plan.table, plan.indexOid);

const joinType = (join: string): string => join[0].toUpperCase() + join.slice(1);
const joinTitle = (method: string, join: string): string => {
  const loop = method === 'Nested Loop';
  return join === 'inner' ? (loop ? method : `${method} Join`) : `${method} ${joinType(join)} Join`;
};
const strategyName = (strategy: string): string => joinType(strategy);

/** The links of `apply`, `await` and `filter` over one row, outermost first; undefined when there is more beneath. */
function onceChain(plan: PhysicalPlan): readonly PhysicalPlan[] | undefined {
  const links: PhysicalPlan[] = [];
  let at = plan;
  while (at.kind === 'apply' || at.kind === 'await' || at.kind === 'filter') {
    links.unshift(at);
    at = at.input;
  }
  return at.kind === 'oneRow' && links.length > 0 ? links : undefined;
}

function unionBranches(plan: PhysicalPlan): readonly PhysicalPlan[] {
  if (plan.kind !== 'setOperation' || plan.operation !== 'union' || !plan.all) return [plan];
  return [...unionBranches(plan.left), ...unionBranches(plan.right)];
}
