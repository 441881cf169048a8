/**
 * Does a list-append history fit strong snapshot isolation? Looks at what clients have seen alone, not at timestamps.
 *
 * First the direct checks (directChecks): garbage, aborted and intermediate reads, lost updates and lost writes. Then a graph: the longest read of each list tells
 * the order of its appends, and from that follow all dependencies. A history is snapshot isolation exactly when no cycle has, between any two of its
 * dependencies, at most one anti-dependency at a time (Cerone and Gotsman); two nodes a transaction make that plain cycle search:
 *
 *   a dependency       T before S   T.a → S.a, T.r → S.a
 *   anti-dependency    T before S   T.a → S.r              (S.r is left by a dependency only, so that two never follow each other)
 *
 * Real time: whatever returned before another was invoked comes before it, through a chain of barriers, one a return, so that edges are few. With
 * these the question is *strong* snapshot isolation. Write skew is allowed, and not reported.
 */
import type { HistoryTransaction, Violation } from './history.ts';

type Appender = { readonly transaction: HistoryTransaction; readonly isFinal: boolean };

class Lists {
  readonly violations: Violation[] = [];
  readonly appenders = new Map<string, Appender>();
  /** Of each key, the longest list read: the order of its appends. */
  readonly orders = new Map<string, readonly number[]>();
  /** What each transaction read of others, by key. */
  readonly external = new Map<HistoryTransaction, Map<string, readonly number[]>>();

  report(name: string, detail: string): void {
    this.violations.push({ name, detail });
  }
}

const place = (key: string, value: number): string => `${key} ${value}`;

export function checkStrongSnapshotIsolation(history: readonly HistoryTransaction[]): readonly Violation[] {
  const lists = new Lists();
  indexAppends(history, lists);
  for (const transaction of history) if (transaction.outcome === 'ok') readExternal(transaction, lists);
  checkOrders(lists);
  checkLostUpdates(history, lists);
  checkLostWrites(history, lists);
  if (lists.violations.length > 0) return lists.violations;
  return new DependencyGraph(history, lists).violations();
}

function indexAppends(history: readonly HistoryTransaction[], lists: Lists): void {
  for (const transaction of history) {
    const last = new Map<string, number>();
    for (const operation of transaction.operations) if (operation.kind === 'append') last.set(operation.key, operation.value);
    for (const operation of transaction.operations) {
      if (operation.kind !== 'append') continue;
      const at = place(operation.key, operation.value);
      if (lists.appenders.has(at)) lists.report('duplicate append', `${at}: the workload is wrong`);
      lists.appenders.set(at, { transaction, isFinal: last.get(operation.key) === operation.value });
    }
  }
}

/** Takes the transaction's own appends off the end of what it read, and checks the rest. */
function readExternal(transaction: HistoryTransaction, lists: Lists): void {
  const own = new Map<string, number[]>();
  const external = new Map<string, readonly number[]>();
  lists.external.set(transaction, external);
  for (const operation of transaction.operations) {
    const { key } = operation;
    const appended = own.get(key) ?? [];
    if (operation.kind === 'append') {
      own.set(key, [...appended, operation.value]);
      continue;
    }
    const { values } = operation;
    const split = values.length - appended.length;
    if (split < 0 || appended.some((value, i) => values[split + i] !== value)) {
      lists.report('internal', `transaction ${transaction.id} does not read its own appends to ${key}: ${values}`);
      continue;
    }
    const rest = values.slice(0, split);
    const before = external.get(key);
    if (before !== undefined && before.join() !== rest.join())
      lists.report('internal', `transaction ${transaction.id} reads ${key} twice, differently`);
    external.set(key, rest);
    checkElements(transaction, key, rest, lists);
    if (rest.length > (lists.orders.get(key)?.length ?? 0)) lists.orders.set(key, rest);
  }
}

function checkElements(transaction: HistoryTransaction, key: string, values: readonly number[], lists: Lists): void {
  if (new Set(values).size !== values.length) lists.report('duplicate elements', `transaction ${transaction.id} reads ${key}: ${values}`);
  for (const value of values) {
    const appender = lists.appenders.get(place(key, value));
    if (appender === undefined) lists.report('garbage', `transaction ${transaction.id} reads ${value} in ${key}, which nobody appended`);
    else if (appender.transaction === transaction)
      lists.report('future read', `transaction ${transaction.id} reads its later append ${value} to ${key}`);
    else if (appender.transaction.outcome === 'fail') {
      lists.report('G1a', `transaction ${transaction.id} reads ${value} in ${key}, of failed transaction ${appender.transaction.id}`);
    }
  }
  const last = values[values.length - 1];
  if (last !== undefined && lists.appenders.get(place(key, last))?.isFinal === false) {
    lists.report('G1b', `transaction ${transaction.id} reads ${key} up to ${last}, which is not its transaction's last`);
  }
}

function checkOrders(lists: Lists): void {
  for (const [transaction, external] of lists.external) {
    for (const [key, values] of external) {
      const order = lists.orders.get(key) ?? [];
      if (values.some((value, i) => order[i] !== value)) {
        lists.report('incompatible order', `transaction ${transaction.id} reads ${key} as ${values}, another as ${order}`);
      }
    }
  }
}

/** Two committed transactions that read the same of a list and both appended to it. */
function checkLostUpdates(history: readonly HistoryTransaction[], lists: Lists): void {
  const seen = new Map<string, HistoryTransaction>();
  for (const transaction of history) {
    if (transaction.outcome !== 'ok') continue;
    const appended = new Set(transaction.operations.flatMap((operation) => (operation.kind === 'append' ? [operation.key] : [])));
    for (const key of appended) {
      const values = lists.external.get(transaction)?.get(key);
      if (values === undefined) continue;
      const at = `${key} ${values}`;
      const other = seen.get(at);
      if (other !== undefined)
        lists.report('lost update', `transactions ${other.id} and ${transaction.id} both append to ${key} after reading ${values}`);
      seen.set(at, transaction);
    }
  }
}

/** An acknowledged append that a later read does not see. */
function checkLostWrites(history: readonly HistoryTransaction[], lists: Lists): void {
  const acknowledged = new Map<string, { readonly value: number; readonly by: HistoryTransaction }[]>();
  for (const transaction of history) {
    if (transaction.outcome !== 'ok') continue;
    for (const operation of transaction.operations) {
      if (operation.kind !== 'append') continue;
      const appends = acknowledged.get(operation.key) ?? [];
      appends.push({ value: operation.value, by: transaction });
      acknowledged.set(operation.key, appends);
    }
  }
  for (const [reader, external] of lists.external) {
    for (const [key, values] of external) {
      const read = new Set(values);
      for (const { value, by } of acknowledged.get(key) ?? []) {
        if (by.returned < reader.invoked && !read.has(value)) {
          lists.report('lost write', `transaction ${reader.id} does not read ${value} in ${key}, acknowledged to ${by.id} before`);
        }
      }
    }
  }
}

type EdgeKind = 'ww' | 'wr' | 'rw' | 'realtime';
type Edge = { readonly to: number; readonly kind: EdgeKind };

class DependencyGraph {
  readonly #members: readonly HistoryTransaction[];
  readonly #index = new Map<HistoryTransaction, number>();
  readonly #edges: Edge[][] = [];

  constructor(history: readonly HistoryTransaction[], lists: Lists) {
    const seen = new Set<HistoryTransaction>();
    for (const [key, order] of lists.orders) {
      for (const value of order) {
        const appender = lists.appenders.get(place(key, value));
        if (appender !== undefined) seen.add(appender.transaction);
      }
    }
    this.#members = history.filter(
      (transaction) => transaction.outcome === 'ok' || (transaction.outcome === 'info' && seen.has(transaction)),
    );
    for (const [i, transaction] of this.#members.entries()) {
      this.#index.set(transaction, i);
      this.#edges.push([], []);
    }
    this.#addDependencies(lists);
    this.#addRealTime();
  }

  #dependency(from: HistoryTransaction, to: HistoryTransaction, kind: EdgeKind): void {
    const [f, t] = [this.#index.get(from), this.#index.get(to)];
    if (f === undefined || t === undefined || f === t) return;
    this.#edges[2 * f].push({ to: 2 * t, kind });
    this.#edges[2 * f + 1].push({ to: 2 * t, kind });
  }

  #antiDependency(from: HistoryTransaction, to: HistoryTransaction): void {
    const [f, t] = [this.#index.get(from), this.#index.get(to)];
    if (f !== undefined && t !== undefined && f !== t) this.#edges[2 * f].push({ to: 2 * t + 1, kind: 'rw' });
  }

  #addDependencies(lists: Lists): void {
    const appenderOf = (key: string, value: number): HistoryTransaction | undefined => lists.appenders.get(place(key, value))?.transaction;
    const unread = new Map<string, HistoryTransaction[]>();
    for (const transaction of this.#members) {
      if (transaction.outcome !== 'ok') continue;
      for (const operation of transaction.operations) {
        if (operation.kind !== 'append' || lists.orders.get(operation.key)?.includes(operation.value)) continue;
        unread.set(operation.key, [...(unread.get(operation.key) ?? []), transaction]);
      }
    }
    for (const [key, order] of lists.orders) {
      for (let i = 1; i < order.length; i++) {
        const [before, after] = [appenderOf(key, order[i - 1]), appenderOf(key, order[i])];
        if (before !== undefined && after !== undefined) this.#dependency(before, after, 'ww');
      }
    }
    for (const [reader, external] of lists.external) {
      for (const [key, values] of external) {
        const order = lists.orders.get(key) ?? [];
        const last = values.length === 0 ? undefined : appenderOf(key, values[values.length - 1]);
        if (last !== undefined) this.#dependency(last, reader, 'wr');
        const next = order
          .slice(values.length)
          .map((value) => appenderOf(key, value))
          .find((appender) => appender !== reader);
        if (next !== undefined) this.#antiDependency(reader, next);
        else for (const appender of unread.get(key) ?? []) this.#antiDependency(reader, appender);
      }
    }
  }

  #addRealTime(): void {
    const events: { readonly at: number; readonly isReturn: boolean; readonly member: number }[] = [];
    for (const [member, { invoked, returned, outcome }] of this.#members.entries()) {
      events.push({ at: invoked, isReturn: false, member });
      // What nobody was told may take effect at any later time.
      if (outcome === 'ok') events.push({ at: returned, isReturn: true, member });
    }
    events.sort((a, b) => a.at - b.at || Number(a.isReturn) - Number(b.isReturn));
    let barrier: number | undefined;
    for (const { isReturn, member } of events) {
      if (!isReturn) {
        if (barrier !== undefined) this.#edges[barrier].push({ to: 2 * member, kind: 'realtime' });
        continue;
      }
      const next = this.#edges.push([]) - 1;
      if (barrier !== undefined) this.#edges[barrier].push({ to: next, kind: 'realtime' });
      this.#edges[2 * member].push({ to: next, kind: 'realtime' });
      this.#edges[2 * member + 1].push({ to: next, kind: 'realtime' });
      barrier = next;
    }
  }

  violations(): readonly Violation[] {
    return stronglyConnected(this.#edges)
      .filter((component) => component.length > 1)
      .map((component) => this.#describe(this.#shortestCycle(component)));
  }

  /** Edges of a cycle within the component. */
  #shortestCycle(component: readonly number[]): readonly (Edge & { readonly from: number })[] {
    const inside = new Set(component);
    let best: (Edge & { readonly from: number })[] | undefined;
    for (const start of component.slice(0, 50)) {
      const reachedBy = new Map<number, Edge & { readonly from: number }>();
      const queue = [start];
      for (let i = 0; i < queue.length && !reachedBy.has(start); i++) {
        for (const edge of this.#edges[queue[i]]) {
          if (!inside.has(edge.to) || reachedBy.has(edge.to)) continue;
          reachedBy.set(edge.to, { ...edge, from: queue[i] });
          queue.push(edge.to);
        }
      }
      const cycle: (Edge & { readonly from: number })[] = [];
      for (let edge = reachedBy.get(start); edge !== undefined; edge = edge.from === start ? undefined : reachedBy.get(edge.from))
        cycle.unshift(edge);
      if (cycle.length > 0 && (best === undefined || cycle.length < best.length)) best = cycle;
    }
    return best ?? [];
  }

  #describe(cycle: readonly (Edge & { readonly from: number })[]): Violation {
    const anti = cycle.filter(({ kind }) => kind === 'rw').length;
    const base = anti === 0 ? (cycle.some(({ kind }) => kind === 'wr') ? 'G1c' : 'G0') : anti === 1 ? 'G-single' : 'G-nonadjacent';
    const name = cycle.some(({ kind }) => kind === 'realtime') ? `${base}-realtime` : base;
    const label = (node: number): string => (node < 2 * this.#members.length ? `T${this.#members[node >> 1].id}` : 'time');
    return { name, detail: cycle.map(({ from, to, kind }) => `${label(from)} -${kind}-> ${label(to)}`).join(', ') };
  }
}

/** Tarjan's algorithm, without recursion. */
function stronglyConnected(edges: readonly (readonly Edge[])[]): number[][] {
  const order = new Int32Array(edges.length).fill(-1);
  const low = new Int32Array(edges.length);
  const onStack = new Uint8Array(edges.length);
  const stack: number[] = [];
  const components: number[][] = [];
  let counter = 0;
  for (let root = 0; root < edges.length; root++) {
    if (order[root] >= 0) continue;
    const work: { readonly node: number; edge: number }[] = [{ node: root, edge: 0 }];
    while (work.length > 0) {
      const frame = work[work.length - 1];
      const { node } = frame;
      if (frame.edge === 0) {
        order[node] = low[node] = counter++;
        stack.push(node);
        onStack[node] = 1;
      }
      const next = edges[node][frame.edge++];
      if (next !== undefined) {
        if (order[next.to] < 0) work.push({ node: next.to, edge: 0 });
        else if (onStack[next.to]) low[node] = Math.min(low[node], order[next.to]);
        continue;
      }
      work.pop();
      const parent = work[work.length - 1];
      if (parent !== undefined) low[parent.node] = Math.min(low[parent.node], low[node]);
      if (low[node] !== order[node]) continue;
      const component = stack.splice(stack.lastIndexOf(node));
      for (const member of component) onStack[member] = 0;
      components.push(component);
    }
  }
  return components;
}

/**
 * The same question asked of the timestamps that the system gave out: each transaction reads exactly the state at its snapshot, nobody else writes what it writes between its
 * snapshot and its commit, and a snapshot is not older than what was acknowledged before. Trusts the timestamps; finds fractured reads that leave no cycle.
 */
export function checkTimestamps(history: readonly HistoryTransaction[]): readonly Violation[] {
  const violations: Violation[] = [];
  type Moment = { readonly at: number; readonly isCommit: boolean; readonly transaction: HistoryTransaction };
  const moments: Moment[] = [];
  for (const transaction of history) {
    if (transaction.outcome === 'ok') moments.push({ at: transaction.snapshot, isCommit: false, transaction });
    if (transaction.commitTimestamp !== undefined) moments.push({ at: transaction.commitTimestamp, isCommit: true, transaction });
  }
  // A commit at a moment is visible to a snapshot of the same moment.
  moments.sort((a, b) => a.at - b.at || Number(b.isCommit) - Number(a.isCommit));
  const state = new Map<string, number[]>();
  const lastCommit = new Map<string, number>();
  for (const { at, isCommit, transaction } of moments) {
    const own = new Map<string, number[]>();
    for (const operation of transaction.operations) {
      const { key } = operation;
      if (operation.kind === 'append') own.set(key, [...(own.get(key) ?? []), operation.value]);
      else if (!isCommit) {
        const expected = [...(state.get(key) ?? []), ...(own.get(key) ?? [])];
        if (expected.join() !== operation.values.join()) {
          violations.push({
            name: 'wrong snapshot',
            detail: `transaction ${transaction.id} at ${at} reads ${key} as ${operation.values}, not ${expected}`,
          });
        }
      }
    }
    if (!isCommit) continue;
    for (const [key, values] of own) {
      const before = lastCommit.get(key) ?? 0;
      if (before > transaction.snapshot)
        violations.push({ name: 'overlapping writes', detail: `transaction ${transaction.id} overwrites ${key} of ${before}` });
      lastCommit.set(key, at);
      state.set(key, [...(state.get(key) ?? []), ...values]);
    }
  }
  return [...violations, ...checkRecency(history)];
}

function checkRecency(history: readonly HistoryTransaction[]): readonly Violation[] {
  const events: { readonly at: number; readonly transaction: HistoryTransaction; readonly isReturn: boolean }[] = [];
  for (const transaction of history) {
    if (transaction.outcome !== 'ok') continue;
    events.push({ at: transaction.invoked, transaction, isReturn: false }, { at: transaction.returned, transaction, isReturn: true });
  }
  events.sort((a, b) => a.at - b.at);
  const violations: Violation[] = [];
  let acknowledged = 0;
  for (const { transaction, isReturn } of events) {
    if (isReturn) acknowledged = Math.max(acknowledged, transaction.commitTimestamp ?? 0);
    else if (transaction.snapshot < acknowledged) {
      violations.push({
        name: 'stale snapshot',
        detail: `transaction ${transaction.id} reads at ${transaction.snapshot}, after ${acknowledged} was acknowledged`,
      });
    }
  }
  return violations;
}
