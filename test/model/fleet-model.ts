/**
 * A small model of the fleet's protocol, explored exhaustively: claims, the record rule, pipelined appends, leases with time and late grants, stable marks, reads with and without a lease,
 * a commit in doubt and its repetition.
 *
 * Two would-be leaders (the first leads at the beginning and never knows at once that it is deposed), reading nodes, one stream. Time goes in ticks. What is enumerated is every order of: messages reaching the stream
 * (in any order, or never), readers reading one more message, heartbeats, receipts, grants and announcements arriving (as late as they like), ticks, reads beginning, confirming and answering.
 *
 * Checked in every state:
 *   M1  A read that is answered has seen everything acknowledged, and everything that an earlier answered read has seen, before it began (C3, no stale read in any Region).
 *   M2  What was told committed counts in the journal and always will; what was told aborted never counts (no answer is guessed).
 *   M3  What is acknowledged is in the journal by the record rule as everybody reads it.
 *
 * Each rule can be left out; the exploration must then find a violation, or the model proves nothing.
 */

export const rules = [
  'stable wait of reads',
  'acknowledge after lease holders',
  'wait for unknown leases',
  'grant after confirmation',
  'grant after catching up',
  'record rule',
  'confirm the head of a lease-less read',
  'settle doubt by reading',
] as const;
export type Rule = (typeof rules)[number];

export type Bounds = {
  /** Messages that the leaders may send beside the claim. */
  readonly messages: number;
  readonly heartbeats: number;
  readonly ticks: number;
  readonly leasedReads: number;
  readonly leaselessReads: number;
  readonly nodes: number;
  /** Every node begins with a lease of the first leader. */
  readonly leasesAtStart?: boolean;
  /** The second leader never claims. */
  readonly hasNoSuccessor?: boolean;
};

export type Exploration = { readonly states: number; readonly isComplete: boolean; readonly violation: string | undefined };

/** Ticks that a node trusts a lease from when it asked; a leader waits one more. */
const leaseTicks = 1;

/** 0 claim, 1 the transaction in question, 2 anything else. */
type Kind = 0 | 1 | 2;
type Message = { readonly e: number; readonly k: Kind; readonly s: number; readonly p: number };
/** On its way to the stream. */
type Flight = Message & { readonly l: number };
/** A grant that waits for a message of its leader behind sequence `after`, or (-1) is on its way to the node. */
type Grant = { readonly l: number; readonly n: number; readonly at: number; readonly after: number };
type Leader = { on: boolean; knows: number; assigned: number; quiet: number; lease: number[]; got: number[]; stable: number };
type Node = { head: number; stable: number; until: number; number: number };
/** n: node; h: head it reads at (-1: not known yet); c: confirmed; l: lease number, 0 for none; a: leader asked; b: sequence behind which a message of it must come. */
type Read = {
  readonly n: number;
  h: number;
  c: boolean;
  readonly l: number;
  readonly a: number;
  readonly b: number;
  readonly must: number;
};

type State = {
  j: Message[];
  f: Flight[];
  L: Leader[];
  N: Node[];
  G: Grant[];
  R: Read[];
  t: number;
  /** Acknowledged, and seen by answered reads: positions. */
  ack: number;
  seen: number;
  /** What the client was told of its transaction. */
  told: '' | 'committed' | 'aborted';
  /** Leaders that have sent it. */
  tried: number;
  used: { m: number; h: number; r: number; q: number; lease: number };
};

/** What counts of the first `length` messages: position, epoch, and whether the transaction in question is there. */
function counted(
  j: readonly Message[],
  length: number,
  ruleKept: boolean,
): { readonly p: number; readonly e: number; readonly x: boolean } {
  let p = 0;
  let e = 0;
  let x = false;
  for (let i = 0; i < length; i++) {
    const message = j[i];
    if (ruleKept) {
      if (message.s !== i + 1 || message.p !== p + 1) continue;
      if (message.k === 0 ? message.e <= e : message.e !== e) continue;
    }
    p++;
    if (message.k === 0) e = message.e;
    if (message.k === 1) x = true;
  }
  return { p, e, x };
}

export function explore(bounds: Bounds, leftOut: Rule | undefined, maximumStates: number): Exploration {
  const keeps = (rule: Rule): boolean => rule !== leftOut;
  const judge = (state: State, length: number): { readonly p: number; readonly e: number; readonly x: boolean } =>
    counted(state.j, length, keeps('record rule'));
  const all = Array.from({ length: bounds.nodes }, (_, n) => n);
  const none = all.map(() => -1);

  const start: State = {
    j: [{ e: 1, k: 0, s: 1, p: 1 }],
    f: [],
    L: [
      {
        on: true,
        knows: 1,
        assigned: 1,
        quiet: 0,
        lease: all.map(() => (bounds.leasesAtStart === true ? leaseTicks + 1 : -1)),
        got: all.map(() => 1),
        stable: 1,
      },
      { on: false, knows: 1, assigned: 1, quiet: -1, lease: [...none], got: all.map(() => 0), stable: 0 },
    ],
    N: all.map(() =>
      bounds.leasesAtStart === true ? { head: 1, stable: 1, until: leaseTicks, number: 1 } : { head: 1, stable: 1, until: -1, number: 0 },
    ),
    G: [],
    R: [],
    t: 0,
    ack: 1,
    seen: 1,
    told: '',
    tried: 0,
    used: { m: 0, h: 0, r: 0, q: 0, lease: 1 },
  };

  function violationOf(state: State): string | undefined {
    const now = judge(state, state.j.length);
    if (state.told === 'committed' && !now.x) return 'the client was told committed, and it does not count';
    if (state.told === 'aborted' && now.x) return 'the client was told aborted, and it counts';
    if (state.ack > now.p) return `${state.ack} was acknowledged, and only ${now.p} counts`;
    return undefined;
  }

  /** Calls `next` with each state that may follow; a string is a violation. */
  function successors(state: State, next: (state: State) => void): string | undefined {
    const step = (change: (copy: State) => void): void => {
      const copy = structuredCopy(state);
      change(copy);
      next(copy);
    };
    if (state.t < bounds.ticks) step((s) => void s.t++);
    leaderSteps(state, step);
    streamSteps(state, step);
    nodeSteps(state, step);
    return readSteps(state, step);
  }

  function leaderSteps(state: State, step: (change: (copy: State) => void) => void): void {
    for (const [l, leader] of state.L.entries()) {
      const epoch = l + 1;
      const own = state.f.filter((flight) => flight.l === l).length;
      const known = judge(state, leader.knows);
      if (leader.knows < state.j.length && !(l === 1 && bounds.hasNoSuccessor === true))
        step((s) => {
          const t = s.L[l];
          t.knows++;
          t.assigned = Math.max(t.assigned, t.knows);
          const read = judge(s, t.knows);
          // It stops when it reads a later claim, and begins to lead when it reads its own.
          if (t.on && read.e > epoch) t.on = false;
          if (!t.on && l === 1 && read.e === 2 && known.e < 2) {
            t.on = true;
            t.quiet = keeps('wait for unknown leases') ? s.t + leaseTicks : s.t;
            // A repeated request is answered from what it has read back.
            if (s.told === '' && (s.tried & 1) === 1 && !read.x && keeps('settle doubt by reading')) s.told = 'aborted';
          }
        });
      // Its predictions begin again where it has read to, once nothing of its own is on its way.
      if (own === 0 && leader.assigned > leader.knows && leader.knows === state.j.length)
        step((s) => void (s.L[l].assigned = s.L[l].knows));
      if (leader.on && state.used.m < bounds.messages && own < 2) {
        const behind = leader.assigned - leader.knows;
        const message = (k: Kind): Flight => ({ l, e: epoch, k, s: leader.assigned + 1, p: known.p + behind + 1 });
        step((s) => {
          s.used.m++;
          s.f.push(message(2));
          s.L[l].assigned++;
        });
        if (l === 0 && state.tried === 0)
          step((s) => {
            s.used.m++;
            s.tried = 1;
            s.f.push(message(1));
            s.L[0].assigned++;
          });
      }
      if (bounds.hasNoSuccessor !== true && l === 1 && !leader.on && leader.quiet === -1 && own === 0 && known.e === 1)
        step((s) => {
          s.f.push({ l, e: 2, k: 0, s: leader.knows + 1, p: known.p + 1 });
          s.L[1].assigned = leader.knows + 1;
        });
      acknowledge(state, l, step);
      grants(state, l, step);
    }
    // A client that guesses: its answer was lost, so it takes the transaction for lost.
    if (!keeps('settle doubt by reading') && state.told === '' && state.tried === 1) step((s) => void (s.told = 'aborted'));
  }

  /** F3 and A5: everything read, in its own epoch, once lease holders have it. */
  function acknowledge(state: State, l: number, step: (change: (copy: State) => void) => void): void {
    const leader = state.L[l];
    const known = judge(state, leader.knows);
    if (!leader.on || state.t < leader.quiet || known.e !== l + 1 || leader.knows <= leader.stable) return;
    const isReceived = all.every((n) => leader.lease[n] < state.t || leader.got[n] >= leader.knows);
    if (keeps('acknowledge after lease holders') && !isReceived) return;
    step((s) => {
      s.L[l].stable = leader.knows;
      s.ack = Math.max(s.ack, known.p);
      if (known.x && s.told === '') s.told = 'committed';
    });
  }

  function grants(state: State, l: number, step: (change: (copy: State) => void) => void): void {
    const leader = state.L[l];
    for (const [i, grant] of state.G.entries()) {
      if (grant.l !== l || grant.after < 0 || !leader.on) continue;
      const isConfirmed = !keeps('grant after confirmation') || hasOwnBehind(state, l, grant.after);
      const isCaughtUp = !keeps('grant after catching up') || leader.got[grant.n] >= Math.max(leader.stable, claimOf(state, l));
      if (isConfirmed && isCaughtUp) step((s) => void (s.G[i] = { ...grant, after: -1 }));
    }
  }

  /** It has read a message of its own, in its epoch, that came behind the sequence. */
  function hasOwnBehind(state: State, l: number, after: number): boolean {
    const { knows } = state.L[l];
    for (let i = after; i < knows; i++) if (state.j[i].e === l + 1 && judge(state, i + 1).p > judge(state, i).p) return true;
    return false;
  }

  const claimOf = (state: State, l: number): number => state.j.findIndex(({ k, e }) => k === 0 && e === l + 1) + 1;

  /** A message on its way is stored, refused, or lost. */
  function streamSteps(state: State, step: (change: (copy: State) => void) => void): void {
    for (const [i, flight] of state.f.entries()) {
      if (flight.s === state.j.length + 1)
        step((s) => {
          const [{ e, k, s: stated, p }] = s.f.splice(i, 1);
          s.j.push({ e, k, s: stated, p });
        });
      step((s) => void s.f.splice(i, 1));
    }
  }

  function nodeSteps(state: State, step: (change: (copy: State) => void) => void): void {
    for (const n of all) {
      const node = state.N[n];
      if (node.head < state.j.length) step((s) => void s.N[n].head++);
      for (const [l, leader] of state.L.entries()) {
        if (leader.on && leader.got[n] < node.head) step((s) => void (s.L[l].got[n] = node.head));
        if (leader.stable > node.stable) step((s) => void (s.N[n].stable = leader.stable));
        const isAsked = state.G.some((grant) => grant.n === n && grant.l === l);
        if (leader.on && !isAsked && state.used.h < bounds.heartbeats)
          step((s) => {
            s.used.h++;
            s.L[l].lease[n] = s.t + leaseTicks + 1;
            s.G.push({ l, n, at: s.t, after: s.L[l].assigned });
          });
      }
    }
    for (const [i, grant] of state.G.entries()) {
      if (grant.after >= 0) continue;
      step((s) => {
        s.G.splice(i, 1);
        const node = s.N[grant.n];
        const until = grant.at + leaseTicks;
        if (until <= s.t) return;
        node.until = until;
        node.number = ++s.used.lease;
      });
    }
  }

  function readSteps(state: State, step: (change: (copy: State) => void) => void): string | undefined {
    for (const n of all) {
      const node = state.N[n];
      const must = Math.max(state.ack, state.seen);
      if (node.until > state.t && state.used.r < bounds.leasedReads)
        step((s) => {
          s.used.r++;
          s.R.push({ n, h: node.head, c: false, l: node.number, a: -1, b: 0, must });
        });
      if (state.used.q >= bounds.leaselessReads) continue;
      for (const [l, leader] of state.L.entries())
        if (leader.on)
          step((s) => {
            s.used.q++;
            // The leader takes its head first, and confirms that it leads after that.
            s.R.push({ n, h: leader.knows, c: !keeps('confirm the head of a lease-less read'), l: 0, a: l, b: leader.assigned, must });
          });
    }
    for (const [i, read] of state.R.entries()) {
      const node = state.N[read.n];
      if (!read.c) {
        if (read.l > 0)
          step((s) => {
            if (node.until > s.t && node.number === read.l) s.R[i].c = true;
            else s.R.splice(i, 1);
          });
        else if (hasOwnBehind(state, read.a, read.b)) step((s) => void (s.R[i].c = true));
        continue;
      }
      if (node.head < read.h) continue;
      const saw = judge(state, read.h).p;
      if (keeps('stable wait of reads') && judge(state, node.stable).p < saw) continue;
      if (saw < read.must) return `a read at node ${read.n} sees up to ${saw}, and owes ${read.must}`;
      step((s) => {
        s.seen = Math.max(s.seen, saw);
        s.R.splice(i, 1);
      });
    }
    return undefined;
  }

  const known = new Set<string>([keyOf(start)]);
  const queue: State[] = [start];
  let violation: string | undefined;
  // Depth first: what is left out shows in a deep state, and the whole is explored either way.
  for (let state = queue.pop(); state !== undefined && violation === undefined; state = queue.pop()) {
    violation =
      successors(state, (successor) => {
        const key = keyOf(successor);
        if (known.has(key)) return;
        known.add(key);
        violation ??= violationOf(successor);
        queue.push(successor);
      }) ?? violation;
    if (known.size > maximumStates) return { states: known.size, isComplete: false, violation };
  }
  return { states: known.size, isComplete: violation === undefined, violation };
}

function structuredCopy(s: State): State {
  return {
    ...s,
    j: [...s.j],
    f: [...s.f],
    L: s.L.map((leader) => ({ ...leader, lease: [...leader.lease], got: [...leader.got] })),
    N: s.N.map((node) => ({ ...node })),
    G: [...s.G],
    R: s.R.map((read) => ({ ...read })),
    used: { ...s.used },
  };
}

/** States that differ only in the order of what is on its way are one. Small numbers, one a code unit: millions of these are kept. */
function keyOf(s: State): string {
  const parts: number[] = [];
  for (const m of s.j) parts.push(m.e * 4 + m.k, m.s, m.p);
  const sets = [
    s.f.map((m) => String.fromCharCode(m.l, m.e * 4 + m.k, m.s, m.p)),
    s.G.map((grant) => String.fromCharCode(grant.l, grant.n, grant.at, grant.after + 1)),
    s.R.map((read) => String.fromCharCode(read.n, read.h, read.c ? 1 : 0, read.l, read.a + 1, read.b, read.must)),
  ];
  parts.push(255);
  for (const each of s.L)
    parts.push(
      each.on ? 1 : 0,
      each.knows,
      each.assigned,
      each.quiet + 1,
      ...each.lease.map((until) => until + 1),
      ...each.got,
      each.stable,
    );
  for (const node of s.N) parts.push(node.head, node.stable, node.until + 1, node.number);
  const { m, h, r, q, lease } = s.used;
  parts.push(s.t, s.ack, s.seen, s.told === '' ? 0 : s.told === 'committed' ? 1 : 2, s.tried, m, h, r, q, lease);
  return `${String.fromCharCode(...parts)}${sets.map((set) => `\u00ff${set.sort().join('')}`).join('')}`;
}
