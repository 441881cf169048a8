import { describe, expect, it } from 'vitest';
import type { AccessKey, Identities } from '#iam/iam.ts';
import { ConsoleSessions, carriesCsrfToken } from './console-session.ts';
import { SignInLimit } from './sign-in-limit.ts';

const minute = 60_000;

class Bench {
  nowMs = 0;
  #drawn = 0;
  readonly keys = new Map<string, AccessKey>([
    ['AKIAONE', { accessKeyId: 'AKIAONE', secretAccessKey: 'one', principal: 'arn:aws:iam::000000000000:user/one' }],
    [
      'ASIATWO',
      {
        accessKeyId: 'ASIATWO',
        secretAccessKey: 'two',
        principal: 'arn:aws:iam::000000000000:role/two',
        session: { token: 'with', expiresAt: 20 * minute * 1_000 },
      },
    ],
  ]);
  readonly clock = { now: () => this.nowMs * 1_000, monotonicMs: () => this.nowMs };
  readonly random = { bytes: (count: number) => new Uint8Array(count).fill(++this.#drawn % 256), float: () => 0.5 };
  readonly identities: Identities = {
    find: (id) => this.keys.get(id),
    identityOf: (id) => {
      const arn = this.keys.get(id)?.principal;
      return arn === undefined ? undefined : { type: 'IAMUser', arn, callerArn: arn, name: id, policies: [] };
    },
  };
  readonly sessions = new ConsoleSessions(this, this.identities);

  signIn(accessKeyId = 'AKIAONE', secretAccessKey = 'one', sessionToken?: string): ReturnType<ConsoleSessions['signIn']> {
    return this.sessions.signIn({ accessKeyId, secretAccessKey, sessionToken });
  }
}

describe('sessions of the console', () => {
  it('takes a key with its own secret, and a temporary one with its session token', () => {
    const bench = new Bench();
    expect(bench.signIn()).toBeDefined();
    expect(bench.signIn('AKIAONE', 'two')).toBeUndefined();
    expect(bench.signIn('AKIANONE', 'one')).toBeUndefined();
    expect(bench.signIn('AKIAONE', 'one', 'with')).toBeUndefined();
    expect(bench.signIn('ASIATWO', 'two')).toBeUndefined();
    expect(bench.signIn('ASIATWO', 'two', 'with')).toBeDefined();
  });

  it('ends without use, and looking on is no use', () => {
    const bench = new Bench();
    const ended: string[] = [];
    bench.sessions.onEnd((id) => ended.push(id));
    const { token, session } = bench.signIn() ?? expect.fail('not signed in');
    bench.nowMs += 29 * minute;
    expect(bench.sessions.find(token, true)?.id).toBe(session.id);
    bench.nowMs += 29 * minute;
    expect(bench.sessions.find(token, false)?.id).toBe(session.id);
    bench.nowMs += 2 * minute;
    expect(bench.sessions.find(token, false)).toBeUndefined();
    expect(ended).toEqual([session.id]);
  });

  it('ends after twelve hours, however much it is used', () => {
    const bench = new Bench();
    const { token } = bench.signIn() ?? expect.fail('not signed in');
    for (let passed = 0; passed < 12 * 60; passed += 20) {
      expect(bench.sessions.find(token, true)).toBeDefined();
      bench.nowMs += 20 * minute;
    }
    bench.nowMs += 1;
    expect(bench.sessions.find(token, true)).toBeUndefined();
  });

  it('ends with its key: removed, or run out', () => {
    const bench = new Bench();
    const one = bench.signIn() ?? expect.fail('not signed in');
    const two = bench.signIn('ASIATWO', 'two', 'with') ?? expect.fail('not signed in');
    bench.keys.delete('AKIAONE');
    expect(bench.sessions.find(one.token, true)).toBeUndefined();
    expect(bench.sessions.find(two.token, true)).toBeDefined();
    bench.nowMs += 20 * minute;
    expect(bench.sessions.find(two.token, true)).toBeUndefined();
  });

  it('knows its own second token from others', () => {
    const bench = new Bench();
    const [a, b] = [bench.signIn() ?? expect.fail('not signed in'), bench.signIn() ?? expect.fail('not signed in')];
    expect(carriesCsrfToken(a.session, a.session.csrfToken)).toBe(true);
    expect(carriesCsrfToken(a.session, b.session.csrfToken)).toBe(false);
    expect(carriesCsrfToken(a.session, undefined)).toBe(false);
  });
});

describe('failing to sign in', () => {
  it('is slowed down for the address that fails, and forgiven with time', () => {
    const bench = new Bench();
    const limit = new SignInLimit(bench.clock);
    for (let i = 0; i < 10; i++) {
      expect(limit.waitSeconds('10.0.0.1')).toBe(0);
      limit.failed('10.0.0.1');
    }
    expect(limit.waitSeconds('10.0.0.1')).toBe(6);
    expect(limit.waitSeconds('::ffff:10.0.0.1')).toBe(6);
    expect(limit.waitSeconds('10.0.0.2')).toBe(0);
    bench.nowMs += 6_000;
    expect(limit.waitSeconds('10.0.0.1')).toBe(0);
  });

  it('counts a network of IPv6 as one address, and bounds what it remembers', () => {
    const bench = new Bench();
    const limit = new SignInLimit(bench.clock);
    for (let i = 0; i < 10; i++) limit.failed(`2001:db8:1:2::${i}`);
    expect(limit.waitSeconds('2001:db8:1:2::ffff')).toBeGreaterThan(0);
    for (let i = 0; i < 10_020; i++) limit.failed(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    // The last ones shared one allowance, and it is used up for whoever is new.
    expect(limit.waitSeconds('192.0.2.1')).toBeGreaterThan(0);
  });
});
