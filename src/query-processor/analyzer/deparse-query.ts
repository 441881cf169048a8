/**
 * Deparse of queries: a stated query (stated-query.ts) as SQL text, laid out as PostgreSQL's pg_get_viewdef lays it out: one clause and
 * one target a line, columns qualified where the level has more than one item or is nested, aliases wherever the name would be another.
 *
 * The names come from outside (ObjectNames), so that the same bound query can be printed with the names of today, or of tomorrow: a
 * renamed column or table is renamed in the views that read it by printing them again.
 */
import type { AggregateCall, ColumnId, Expression, SubqueryExpression, WindowCall } from '#sql/expression.ts';
import { quoteIdentifier } from '#sql/functions/quoting.ts';
import type { TypeContext, TypeRef } from '#sql/type.ts';
import { formatType } from '#sql/types/registry.ts';
import { directionOf, ExpressionPrinter, type Layout, lineBreak, withLineBreaks } from './deparse.ts';
import type { Analysis } from './environment.ts';
import type { FrameBound, LogicalPlan, WindowSpecification } from './logical-plan.ts';
import type { RangeItem } from './scope.ts';
import type {
  StatedCommonTable,
  StatedFrom,
  StatedGrouping,
  StatedQueries,
  StatedQuery,
  StatedSelect,
  StatedSetOperation,
  StatedSort,
  StatedValues,
} from './stated-query.ts';

/** What things are called. */
export type ObjectNames = {
  /** A relation's own name, without quotes or schema. */
  readonly bareName: (relationOid: number) => string;
  /** As it is to be written: quoted, and qualified where that is needed. */
  readonly relation: (relationOid: number) => string;
  readonly column: (relationOid: number, attributeNumber: number) => string | undefined;
  readonly type?: (type: TypeRef) => string;
  readonly function?: (functionOid: number) => string | undefined;
};

export type QueryTextOptions = {
  readonly names: ObjectNames;
  readonly pretty: boolean;
  readonly typeContext?: TypeContext;
  /** Told of every column of a relation that the query names. */
  readonly onColumn?: (relationOid: number, attributeNumber: number) => void;
  /** The result's names, where they are not those of the targets (a view's columns that were renamed). */
  readonly columnNames?: readonly string[];
  /** In a function's body: what an argument is called. */
  readonly argumentName?: (index: number) => string | undefined;
};

/** The text of a query that was bound with `analysis.noteQueries()`. */
export function deparseQuery(analysis: Analysis, query: StatedQuery, options: QueryTextOptions): string {
  const { stated } = analysis;
  if (stated === undefined) throw new TypeError('a query that was not noted cannot be printed');
  return withLineBreaks(new QueryPrinter(analysis, stated, options).query(query, [], options.columnNames, true));
}

/** One level of names, innermost last. */
type Level = {
  readonly refNames: ReadonlyMap<RangeItem, string>;
  readonly columns: ReadonlyMap<ColumnId, { readonly item: RangeItem; readonly at: number }>;
  readonly columnNames: ReadonlyMap<RangeItem, readonly string[]>;
  readonly printsColumnNames: ReadonlySet<RangeItem>;
  readonly computed: StatedSelect['computed'];
  readonly windows: readonly WindowSpecification[];
  readonly isPrefixed: boolean;
};

const step = 8;
const joinStep = 4;
const fieldStep = 4;
/** Deeper indentation than this goes on in smaller steps. */
const indentationMax = 40;

class QueryPrinter {
  readonly #analysis: Analysis;
  readonly #stated: StatedQueries;
  readonly #options: QueryTextOptions;
  readonly #layout: Layout = { indentation: 0 };

  constructor(analysis: Analysis, stated: StatedQueries, options: QueryTextOptions) {
    this.#analysis = analysis;
    this.#stated = stated;
    this.#options = options;
  }

  query(query: StatedQuery, outer: readonly Level[], names: readonly string[] | undefined, areNamesVisible: boolean): string {
    const indentation = this.#layout.indentation;
    const level = this.#levelOf(query, outer);
    const levels = [...outer, level];
    let text = this.#with(query, levels);
    const { body } = query;
    if (body.kind === 'setOperation') text += this.#setOperation(body, levels, names, areNamesVisible);
    else {
      this.#layout.indentation += step;
      text += ' ';
      text += body.kind === 'values' ? this.#values(body, levels, names) : this.#select(body, levels, names, areNamesVisible);
    }
    text += this.#tail(query, levels, body.kind === 'setOperation');
    this.#layout.indentation = indentation;
    return text;
  }

  /** A new line with a clause's keyword. */
  #keyword(word: string, before: number, after: number, plus: number): string {
    const layout = this.#layout;
    layout.indentation += before;
    const depth = Math.max(layout.indentation, 0);
    const indentation = depth < indentationMax ? depth : (indentationMax + (depth - indentationMax) / (step / 2)) % indentationMax;
    layout.indentation = Math.max(layout.indentation + after, 0);
    return `${lineBreak}${' '.repeat(Math.floor(indentation) + plus)}${word}`;
  }

  #clause(word: string, plus = 1): string {
    return this.#keyword(word, -step, step, plus);
  }

  #with(query: StatedQuery, levels: readonly Level[]): string {
    const { commonTables } = query;
    if (commonTables.length === 0) return '';
    this.#layout.indentation += step;
    const texts = commonTables.map((table) => this.#commonTable(table, levels));
    this.#layout.indentation -= step;
    return ` WITH ${query.isRecursive ? 'RECURSIVE ' : ''}${texts.join(', ')}${this.#keyword('', 0, 0, 0)}`;
  }

  #commonTable(table: StatedCommonTable, levels: readonly Level[]): string {
    const columns = table.columnNames.length === 0 ? '' : `(${table.columnNames.map(quoteIdentifier).join(', ')})`;
    const hint = table.materialized === undefined ? '' : table.materialized ? 'MATERIALIZED ' : 'NOT MATERIALIZED ';
    const open = this.#keyword('', 0, 0, 0);
    const query = this.query(table.query, levels, undefined, true);
    return `${quoteIdentifier(table.name)}${columns} AS ${hint}(${open}${query}${this.#keyword('', 0, 0, 0)})`;
  }

  #select(body: StatedSelect, levels: readonly Level[], names: readonly string[] | undefined, areNamesVisible: boolean): string {
    const printer = this.#printer(levels);
    let text = 'SELECT';
    if (body.distinct !== undefined) {
      const { on } = body.distinct;
      text += on === undefined ? ' DISTINCT' : ` DISTINCT ON (${on.map((each) => this.#sorted(each, levels)).join(', ')})`;
    }
    text += this.#targets(body, levels, names, areNamesVisible);
    text += this.#from(body.from, levels);
    if (body.where !== undefined) text += this.#clause(' WHERE ') + printer.print(body.where, false);
    if (body.grouping.length > 0) {
      const items = body.grouping.map((entry) => this.#grouping(entry, levels, true));
      text += `${this.#clause(' GROUP BY ')}${body.isGroupDistinct ? 'DISTINCT ' : ''}${items.join(', ')}`;
    }
    if (body.having !== undefined) text += this.#clause(' HAVING ', 0) + printer.print(body.having, false);
    const named = body.windows.filter((window) => window.name !== undefined);
    if (named.length > 0) {
      const windows = named.map((window) => `${quoteIdentifier(window.name ?? '')} AS ${this.#window(window, levels)}`);
      text += `${this.#clause(' WINDOW ')}${windows.join(', ')}`;
    }
    return text;
  }

  #targets(body: StatedSelect, levels: readonly Level[], names: readonly string[] | undefined, areNamesVisible: boolean): string {
    let text = '';
    for (const [at, { name: ownName, expression }] of body.targets.entries()) {
      const name = names?.[at] ?? ownName;
      let field: string;
      let known: string | undefined;
      const column = this.#columnOf(expression, levels);
      if (column !== undefined) {
        field = column.text;
        known = column.name;
      } else {
        field = this.#printer(levels).print(expression, true);
        // Alone it would be all the columns.
        if (this.#analysis.wholeRows.has(expression)) field += `::${this.#typeName(expression.type)}`;
        known = areNamesVisible ? undefined : '?column?';
      }
      if (known !== name) field += ` AS ${quoteIdentifier(name)}`;
      text += at === 0 ? ' ' : ', ';
      const startsLine = field.startsWith(lineBreak);
      if (!startsLine && at > 0) text += this.#keyword('', -step, step, fieldStep);
      text += field;
    }
    return text;
  }

  #from(items: readonly StatedFrom[], levels: readonly Level[]): string {
    let text = '';
    for (const [at, item] of items.entries()) {
      if (at === 0) text += this.#clause(' FROM ', 2) + this.#fromItem(item, levels);
      else {
        const added = this.#fromItem(item, levels);
        text += `, ${added.startsWith(lineBreak) ? '' : this.#keyword('', -step, step, fieldStep)}${added}`;
      }
    }
    return text;
  }

  #fromItem(from: StatedFrom, levels: readonly Level[]): string {
    if (from.kind === 'join') return this.#join(from, levels);
    const level = levels[levels.length - 1];
    const refName = level.refNames.get(from.item) ?? from.item.name;
    let text: string;
    let hasAlias: boolean;
    switch (from.kind) {
      case 'relation':
        text = `${from.isOnly ? 'ONLY ' : ''}${this.#options.names.relation(from.relationOid)}`;
        hasAlias = (from.item.hasAlias && from.item.name === refName) || refName !== this.#options.names.bareName(from.relationOid);
        break;
      case 'commonTable':
        text = quoteIdentifier(from.name);
        hasAlias = refName !== from.name;
        break;
      case 'subquery':
        text = `${from.isLateral ? 'LATERAL ' : ''}(${this.#bareValues(from, levels) ?? this.query(from.query, levels, undefined, true)})`;
        hasAlias = true;
        break;
      case 'function':
        text = `${from.isLateral ? 'LATERAL ' : ''}${this.#functions(from, levels)}`;
        hasAlias = true;
        break;
    }
    const printsColumns = level.printsColumnNames.has(from.item);
    if (hasAlias || printsColumns) text += ` ${quoteIdentifier(refName)}`;
    if (from.kind === 'function' && from.calls.length === 1 && from.definitions[0].length > 0)
      return `${text}(${this.#definitions(from.definitions[0])})`;
    return printsColumns ? text + this.#columnList(level, from.item) : text;
  }

  /** VALUES that stand in FROM by their own name are no query around them. */
  #bareValues(from: Extract<StatedFrom, { kind: 'subquery' }>, levels: readonly Level[]): string | undefined {
    const { body } = from.query;
    return body.kind === 'values' && from.item.name === body.item.name ? this.#values(body, levels, undefined) : undefined;
  }

  #columnList(level: Level, item: RangeItem): string {
    return `(${(level.columnNames.get(item) ?? []).map(quoteIdentifier).join(', ')})`;
  }

  #functions(from: Extract<StatedFrom, { kind: 'function' }>, levels: readonly Level[]): string {
    const printer = this.#printer(levels);
    const ordinality = from.withOrdinality ? ' WITH ORDINALITY' : '';
    const calls = from.calls.map((call) => printer.print(call, true));
    if (calls.length === 1 && (from.definitions[0].length === 0 || !from.withOrdinality)) return calls[0] + ordinality;
    const unnested = from.calls.map((call) =>
      call.kind === 'function' && call.function === unnestOid && call.args.length === 1 ? printer.print(call.args[0], true) : undefined,
    );
    if (unnested.every((text) => text !== undefined)) return `UNNEST(${unnested.join(', ')})${ordinality}`;
    const listed = calls.map((call, at) => {
      const definitions = from.definitions[at];
      return definitions.length === 0 ? call : `${call} AS (${this.#definitions(definitions)})`;
    });
    return `ROWS FROM(${listed.join(', ')})${ordinality}`;
  }

  #definitions(definitions: readonly { readonly name: string; readonly type: TypeRef }[]): string {
    return definitions.map(({ name, type }) => `${quoteIdentifier(name)} ${this.#typeName(type)}`).join(', ');
  }

  #typeName(type: TypeRef): string {
    return this.#options.names.type?.(type) ?? formatType(type);
  }

  #join(from: Extract<StatedFrom, { kind: 'join' }>, levels: readonly Level[]): string {
    const level = levels[levels.length - 1];
    const { pretty } = this.#options;
    const isWrapped = !pretty || from.item.hasAlias;
    const left = this.#fromItem(from.left, levels);
    const word = from.join === 'inner' ? (from.condition === undefined ? 'CROSS JOIN' : 'JOIN') : `${from.join.toUpperCase()} JOIN`;
    const keyword = this.#keyword(` ${word} `, -step, step, joinStep);
    const isRightWrapped = pretty && from.right.kind === 'join' && !from.right.item.hasAlias;
    const right = this.#fromItem(from.right, levels);
    let text = `${left}${keyword}${isRightWrapped ? `(${right})` : right}`;
    if (from.using.length > 0) {
      // The condition is not written, but names columns all the same.
      if (from.condition !== undefined) this.#printer(levels).print(from.condition, false);
      text += ` USING (${from.using.map(quoteIdentifier).join(', ')})`;
      if (from.usingAlias !== undefined) text += ` AS ${quoteIdentifier(from.usingAlias)}`;
    } else if (from.condition !== undefined) {
      const condition = this.#printer(levels).print(from.condition, false);
      text += ` ON ${pretty ? condition : `(${condition})`}`;
    } else if (from.join !== 'inner') text += ' ON TRUE';
    if (isWrapped) text = `(${text})`;
    if (!from.item.hasAlias) return text;
    text += ` ${quoteIdentifier(level.refNames.get(from.item) ?? from.item.name)}`;
    return level.printsColumnNames.has(from.item) ? text + this.#columnList(level, from.item) : text;
  }

  #grouping(entry: StatedGrouping, levels: readonly Level[], omitsParentheses: boolean): string {
    switch (entry.kind) {
      case 'empty':
        return '()';
      case 'plain':
        return entry.expressions.map((each) => this.#sorted(each, levels)).join(', ');
      case 'simple': {
        const text = entry.expressions.map((each) => this.#sorted(each, levels)).join(', ');
        return omitsParentheses && entry.expressions.length === 1 ? text : `(${text})`;
      }
      default: {
        const omits = entry.kind !== 'GROUPING SETS';
        const content = entry.content.map((each) => this.#grouping(each, levels, omits)).join(', ');
        return `${entry.kind}${omits ? '' : ' '}(${content})`;
      }
    }
  }

  /** VALUES; as a SELECT from them where the result has names of its own. */
  #values(body: StatedValues, levels: readonly Level[], names: readonly string[] | undefined): string {
    const printer = this.#printer(levels);
    const rows = body.rows.map((row) => `(${row.map((each) => printer.print(each, false)).join(',')})`);
    const values = `VALUES ${rows.join(', ')}`;
    const columns = body.item.columns.map((column) => column.name);
    if (names === undefined || names.every((name, at) => name === columns[at])) return values;
    const level = levels[levels.length - 1];
    const targets = columns.map((column, at) => {
      const prefix = level.isPrefixed ? `${quoteIdentifier(body.item.name)}.` : '';
      return `${prefix}${column}${names[at] === column ? '' : ` AS ${quoteIdentifier(names[at])}`}`;
    });
    const list = targets.map((target, at) => (at === 0 ? ` ${target}` : `, ${this.#keyword('', -step, step, fieldStep)}${target}`));
    return `SELECT${list.join('')}${this.#clause(' FROM ', 2)}(${values}) ${quoteIdentifier(body.item.name)}`;
  }

  #setOperation(
    operation: StatedSetOperation,
    levels: readonly Level[],
    names: readonly string[] | undefined,
    areNamesVisible: boolean,
  ): string {
    const { left, right } = operation;
    const isLeftWrapped = isOperation(left) && !(left.operation === operation.operation && left.all === operation.all);
    const leftIndent = isLeftWrapped ? step : 0;
    let text = isLeftWrapped ? `(${this.#keyword('', step, 0, 0)}` : '';
    text += this.#side(left, levels, names, areNamesVisible);
    text += this.#keyword(isLeftWrapped ? ') ' : '', -leftIndent, 0, 0);
    text += `${operation.operation.toUpperCase()} ${operation.all ? 'ALL ' : ''}`;
    const isRightWrapped = isOperation(right);
    const rightIndent = isRightWrapped ? step : 0;
    if (isRightWrapped) text += '(';
    text += this.#keyword('', rightIndent, 0, 0);
    text += this.#side(right, levels, names, false);
    this.#layout.indentation -= rightIndent;
    return isRightWrapped ? text + this.#keyword(')', 0, 0, 0) : text;
  }

  #side(side: StatedSetOperation | StatedQuery, levels: readonly Level[], names: readonly string[] | undefined, areNamesVisible: boolean) {
    if (isOperation(side)) return this.#setOperation(side, levels, names, areNamesVisible);
    const text = this.query(side, levels, names, areNamesVisible);
    const isWrapped =
      side.commonTables.length + side.order.length + side.locks.length > 0 || side.count !== undefined || side.offset !== undefined;
    return isWrapped ? `(${text})` : text;
  }

  #tail(query: StatedQuery, levels: readonly Level[], byPosition: boolean): string {
    const printer = this.#printer(levels);
    let text = '';
    if (query.order.length > 0) {
      const keys = query.order.map((key) => this.#orderKey(key, levels, byPosition));
      text += this.#clause(' ORDER BY ') + keys.join(', ');
    }
    if (query.offset !== undefined) text += this.#clause(' OFFSET ', 0) + printer.print(query.offset, false);
    if (query.count !== undefined)
      text += query.withTies
        ? `${this.#clause(' FETCH FIRST ', 0)}${printer.print(query.count, false)} ROWS WITH TIES`
        : this.#clause(' LIMIT ', 0) + printer.print(query.count, false);
    const { refNames } = levels[levels.length - 1];
    for (const lock of query.locks)
      for (const item of lock.items)
        text += `${this.#clause(` ${lock.strength}`, 0)} OF ${quoteIdentifier(refNames.get(item) ?? item.name)}${lock.waiting}`;
    return text;
  }

  #orderKey(key: StatedSort, levels: readonly Level[], byPosition: boolean): string {
    const text = byPosition ? `${key.position}` : this.#sorted(key.expression, levels);
    return text + directionOf(key);
  }

  /** An item of ORDER BY and its kin: nothing that could be read as a position, a name of the result or a grouping set. */
  #sorted(expression: Expression, levels: readonly Level[]): string {
    const column = this.#columnOf(expression, levels);
    if (column !== undefined) return column.text;
    return expression.kind === 'column' ? `(${this.#nameOf(expression.id, levels)})` : this.#printer(levels).sorted(expression);
  }

  #window(window: WindowSpecification, levels: readonly Level[]): string {
    const { base, isBetween, ownsOrder } = this.#stated.window(window);
    const printer = this.#printer(levels);
    const parts: string[] = [];
    if (base !== undefined) parts.push(quoteIdentifier(base));
    if (window.partitionBy.length > 0 && base === undefined)
      parts.push(`PARTITION BY ${window.partitionBy.map((each) => this.#sorted(each, levels)).join(', ')}`);
    if (window.orderBy.length > 0 && ownsOrder) {
      const keys = window.orderBy.map((key) => this.#orderKey({ ...key, position: 0 }, levels, false));
      parts.push(`ORDER BY ${keys.join(', ')}`);
    }
    const { frame } = window;
    const isDefault = frame.mode === 'range' && frame.start.kind === 'unboundedPreceding' && frame.end.kind === 'currentRow';
    if (!isDefault || isBetween || frame.exclusion !== 'none') {
      const bound = (edge: FrameBound): string => ('offset' in edge ? `${printer.print(edge.offset, false)} ` : '') + boundWords[edge.kind];
      const span = isBetween ? `BETWEEN ${bound(frame.start)} AND ${bound(frame.end)}` : bound(frame.start);
      parts.push(`${frame.mode.toUpperCase()} ${span}${exclusions[frame.exclusion]}`);
    }
    return `(${parts.join(' ')})`;
  }

  #printer(levels: readonly Level[]): ExpressionPrinter {
    const { pretty, typeContext, names } = this.#options;
    return new ExpressionPrinter(
      (id) => this.#nameOf(id, levels),
      {
        indent: true,
        pretty,
        special: (expression) => this.#special(expression, levels),
        queryText: (subquery) => this.query(this.#stated.ofPlan(planOf(subquery)), levels, undefined, false),
        over: (call) => this.#over(call, levels),
        nameOfType: (type) => this.#typeName(type),
        ...(names.function === undefined ? {} : { nameOfFunction: names.function }),
        ...(typeContext === undefined ? {} : { typeContext }),
      },
      this.#layout,
    );
  }

  #over(call: WindowCall, levels: readonly Level[]): string {
    const window = levels[levels.length - 1].windows[call.specification];
    return window.name === undefined ? this.#window(window, levels) : quoteIdentifier(window.name);
  }

  #special(expression: Expression, levels: readonly Level[]): string | undefined {
    if (expression.kind === 'parameter') return this.#options.argumentName?.(expression.index);
    const merged = this.#stated.merged.get(expression);
    if (merged !== undefined)
      return merged.item.hasAlias
        ? `${this.#refNameOf(merged.item, levels)}.${quoteIdentifier(merged.name)}`
        : quoteIdentifier(merged.name);
    const row = this.#analysis.wholeRows.get(expression);
    // It depends on the relation, not on its columns: those may come and go.
    return row === undefined ? undefined : `${this.#refNameOf(row, levels)}.*`;
  }

  #refNameOf(item: RangeItem, levels: readonly Level[]): string {
    for (let at = levels.length - 1; at >= 0; at--) {
      const name = levels[at].refNames.get(item);
      if (name !== undefined) return quoteIdentifier(name);
    }
    return quoteIdentifier(item.name);
  }

  /** A column of an item, as text and by its own name; undefined for everything else. */
  #columnOf(expression: Expression, levels: readonly Level[]): { readonly text: string; readonly name: string } | undefined {
    const merged = this.#stated.merged.get(expression);
    if (merged !== undefined) return { text: this.#special(expression, levels) ?? '', name: merged.name };
    if (expression.kind !== 'column') return undefined;
    for (let at = levels.length - 1; at >= 0; at--) {
      const level = levels[at];
      if (level.computed.has(expression.id)) return undefined;
      const place = level.columns.get(expression.id);
      if (place === undefined) continue;
      const column = place.item.columns[place.at];
      const name = level.columnNames.get(place.item)?.[place.at] ?? column.name;
      if (place.item.kind === 'relation') this.#options.onColumn?.(column.tableOid, column.attributeNumber);
      const isPrefixed = levels[levels.length - 1].isPrefixed;
      const refName = level.refNames.get(place.item);
      return {
        name,
        text: isPrefixed && refName !== undefined ? `${quoteIdentifier(refName)}.${quoteIdentifier(name)}` : quoteIdentifier(name),
      };
    }
    return undefined;
  }

  #nameOf(id: ColumnId, levels: readonly Level[]): string {
    const column = this.#columnOf({ kind: 'column', id, type: { oid: 0, typmod: -1 }, name: '' }, levels);
    if (column !== undefined) return column.text;
    for (let at = levels.length - 1; at >= 0; at--) {
      const computed = levels[at].computed.get(id);
      if (computed === undefined) continue;
      const printer = this.#printer(levels.slice(0, at + 1));
      return isGrouping(computed) ? `GROUPING(${printer.list(computed)})` : printer.print(computed, false);
    }
    return '?';
  }

  #levelOf(query: StatedQuery, outer: readonly Level[]): Level {
    const { body } = query;
    const items = body.kind === 'select' ? body.from.flatMap(flatten) : [];
    const used = new Map<string, number>();
    const written = new Map<string, number>();
    for (const level of outer)
      for (const [item, name] of level.refNames) {
        used.set(name, 0);
        written.set(item.name, 0);
      }
    const refNames = new Map<RangeItem, string>();
    const rangeTable = body.kind === 'select' ? body.rangeTable : body.kind === 'values' ? [body.item] : [];
    const fromOf = new Map(items.map((from) => [from.item, from]));
    for (const item of rangeTable) {
      const from = fromOf.get(item);
      if (body.kind === 'select' && from === undefined) continue;
      if (item.kind === 'join' && !item.hasAlias) continue;
      const isOwn = from?.kind === 'relation' && (!item.hasAlias || isNumbered(written, from));
      const name = isOwn ? this.#options.names.bareName(from.relationOid) : item.name;
      refNames.set(item, unique(used, name));
      written.set(item.name, 0);
    }
    const columnNames = new Map<RangeItem, readonly string[]>();
    const printsColumnNames = new Set<RangeItem>();
    const columns = new Map<ColumnId, { readonly item: RangeItem; readonly at: number }>();
    const merging = body.kind === 'select' ? body.from.flatMap((from) => mergedNames(from, [])) : [];
    for (const from of items) {
      const { item } = from;
      const forced = merging.filter((entry) => entry.item === item).flatMap((entry) => entry.names);
      const { names, prints } = this.#columnNamesOf(from, forced);
      columnNames.set(item, names);
      if (prints) printsColumnNames.add(item);
      if (from.kind === 'join' && !item.hasAlias) continue;
      for (const [at, column] of item.columns.entries())
        if (column.expression.kind === 'column') columns.set(column.expression.id, { item, at });
    }
    if (body.kind === 'values')
      for (const [at, column] of body.item.columns.entries())
        if (column.expression.kind === 'column') columns.set(column.expression.id, { item: body.item, at });
    return {
      refNames,
      columns,
      columnNames,
      printsColumnNames,
      computed: body.kind === 'select' ? body.computed : new Map(),
      windows: body.kind === 'select' ? body.windows : [],
      isPrefixed: outer.length > 0 || items.length > 1,
    };
  }

  #columnNamesOf(from: StatedFrom, forced: readonly string[]): { readonly names: readonly string[]; readonly prints: boolean } {
    const given = from.item.columns.map((column) => column.name);
    if (from.kind === 'function') return { names: given, prints: true };
    if (from.kind !== 'relation') return { names: given, prints: from.aliasNames.length > 0 };
    const own = from.item.columns.map((column) => this.#options.names.column(from.relationOid, column.attributeNumber) ?? column.name);
    const names = own.map((name, at) => from.aliasNames[at] ?? (forced.includes(given[at]) ? given[at] : name));
    return { names, prints: names.some((name, at) => name !== own[at]) };
  }
}

const unnestOid = 2331;

const boundWords: Readonly<Record<FrameBound['kind'], string>> = {
  unboundedPreceding: 'UNBOUNDED PRECEDING',
  unboundedFollowing: 'UNBOUNDED FOLLOWING',
  currentRow: 'CURRENT ROW',
  preceding: 'PRECEDING',
  following: 'FOLLOWING',
};

const exclusions: Readonly<Record<WindowSpecification['frame']['exclusion'], string>> = {
  none: '',
  currentRow: ' EXCLUDE CURRENT ROW',
  group: ' EXCLUDE GROUP',
  ties: ' EXCLUDE TIES',
};

const planOf = (subquery: SubqueryExpression): LogicalPlan => subquery.plan as LogicalPlan;
const isOperation = (side: StatedSetOperation | StatedQuery): side is StatedSetOperation => 'kind' in side;
const isGrouping = (computed: AggregateCall | WindowCall | readonly Expression[]): computed is readonly Expression[] =>
  Array.isArray(computed);

/** An item and, for joins, what it joins, sides first. */
function flatten(from: StatedFrom): readonly StatedFrom[] {
  return from.kind === 'join' ? [...flatten(from.left), ...flatten(from.right), from] : [from];
}

/** Names that USING wants the columns of each item to have. */
function mergedNames(
  from: StatedFrom,
  around: readonly string[],
): readonly { readonly item: RangeItem; readonly names: readonly string[] }[] {
  if (from.kind !== 'join') return [{ item: from.item, names: around }];
  const names = [...around, ...from.using];
  return [...mergedNames(from.left, names), ...mergedNames(from.right, names)];
}

/** True for an alias that is only the relation's name with a number, as it was printed where the name was taken. */
function isNumbered(used: ReadonlyMap<string, number>, from: Extract<StatedFrom, { kind: 'relation' }>): boolean {
  return used.has(from.writtenName) && unique(new Map(used), from.writtenName) === from.item.name;
}

/** The name, with a number behind it when it is taken. */
function unique(used: Map<string, number>, name: string): string {
  if (!used.has(name)) {
    used.set(name, 0);
    return name;
  }
  for (let count = (used.get(name) ?? 0) + 1; ; count++) {
    const candidate = `${name}_${count}`;
    if (used.has(candidate)) continue;
    used.set(name, count);
    used.set(candidate, 0);
    return candidate;
  }
}
