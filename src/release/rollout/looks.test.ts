import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, test, vi } from 'vitest';
import { createVersions } from '../../agent/versions.ts';
import { keepDeparture, lockRollout } from '../../store/rollouts.ts';
import { deleteSession, lockSession } from '../../store/sessions.ts';
import { hourMs, openBench, patience, rounds, said, secondMs, stepsAfter, until } from './bench.testsuite.ts';
import { stateOf } from './rollout.ts';

/*
 * The goal: a rollout is looked at when it is due and once for each time that it is, whoever else looks, whatever its
 * clock does and however long the database is away. The method: two clocks that the test moves, the wall's and that of
 * the time that has passed, and everything else as it is, on both databases.
 */

describe.each(['memory', 'PostgreSQL'])('On %s', (kind) => {
  const { bench, pass, room, begin, rowOf, looksOf, serve, breakGuardrail } = openBench(kind);
  /** Rows are locked on PostgreSQL alone. */
  const testLocks = (title: string, work: () => Promise<void>): void => {
    if (kind === 'PostgreSQL') test(title, work);
  };

  describe('A look', () => {
    test('is taken when it is due, once, and not before', async () => {
      const one = room();
      const { id } = await begin(one);
      expect(await one.looks.look(id)).toBeNull();
      pass(10 * secondMs - 1);
      expect(await one.looks.look(id)).toBeNull();
      expect(await looksOf(id)).toBe(0);
      pass(2);
      expect(await one.looks.look(id)).toMatchObject({ type: 'wait', waits_for: 'time' });
      expect(await one.looks.look(id)).toBeNull();
      expect(await looksOf(id)).toBe(1);
    });

    test('is taken by a loop as often as it is due', async () => {
      const one = room();
      const { id } = await begin(one);
      one.looks.start();
      await rounds(one);
      expect(await looksOf(id)).toBe(0);
      for (let n = 1; n <= 5; n++) {
        pass(10 * secondMs + 1);
        await until(one, async () => (await looksOf(id)) === n);
        await rounds(one);
        expect(await looksOf(id)).toBe(n);
      }
    });

    test('is taken by one of two processes that look at once, whose clocks differ a little', async () => {
      const one = room();
      const other = room({ clock: () => bench.wallMs + 7 });
      const begun = await begin(one);
      const { id } = begun;
      for (let n = 1; n <= 15; n++) {
        await serve(begun, { count: 3 });
        pass(10 * secondMs + 8);
        const taken = await Promise.all([one, other, one, other].map(({ looks }) => looks.look(id)));
        expect(taken.filter((decision) => decision !== null)).toHaveLength(1);
        expect([await other.looks.look(id), await one.looks.look(id)]).toEqual([null, null]);
        expect(await looksOf(id)).toBe(n);
      }
      const { units, sessions } = stateOf(await rowOf(id)).evidence;
      expect([units, sessions]).toEqual([
        { control: 22, canary: 23 },
        [{ weight: 5000, control: 22, canary: 23 }],
      ]);
    });

    test('that two loops have seen to be overdue is taken once', async () => {
      const { id } = await begin(room());
      bench.wallMs -= hourMs;
      const [one, other] = [room(), room()];
      for (const { looks } of [one, other]) looks.start();
      await rounds(one);
      await rounds(other);
      for (let n = 1; n <= 10; n++) {
        bench.passedMs += 10 * secondMs;
        await until(n % 2 === 0 ? one : other, async () => (await looksOf(id)) === n);
        await Promise.all([rounds(one), rounds(other)]);
        expect(await looksOf(id)).toBe(n);
      }
    });

    test('counts who is there even when somebody always leaves', async () => {
      const one = room();
      const begun = await begin(one);
      const [gone] = await serve(begun, { count: 20 });
      if (gone === undefined) throw new Error('Nobody can leave');
      await bench.store.write(async (tx) => {
        await keepDeparture(tx, gone);
        await deleteSession(tx, gone.id);
      });
      pass(11 * secondMs);
      await one.looks.look(begun.id);
      expect(stateOf(await rowOf(begun.id)).evidence.units).toEqual({ control: 10, canary: 10 });
    });
  });

  describe('A clock that is set back', () => {
    test('while the server runs holds up neither looks nor a rollback, and nothing goes on by it', async () => {
      const one = room();
      const begun = await begin(one, { steps: stepsAfter({ min_seconds: 60, min_sessions: 0 }) });
      one.looks.start();
      pass(11 * secondMs);
      await until(one, async () => (await looksOf(begun.id)) === 1);
      bench.wallMs -= hourMs;
      await rounds(one);
      expect(await looksOf(begun.id)).toBe(1);
      for (let n = 2; n <= 10; n++) {
        bench.passedMs += 10 * secondMs;
        await until(one, async () => (await looksOf(begun.id)) === n);
        await rounds(one);
        expect(await rowOf(begun.id)).toMatchObject({ looks: n, step: 0, weight: 5000, status: 'running' });
      }
      await breakGuardrail(begun);
      bench.passedMs += 10 * secondMs;
      await until(one, async () => (await rowOf(begun.id)).status === 'rolled_back');
    });

    test('over a restart holds up neither, and is refused by hand until it has caught up', async () => {
      const before = room();
      const begun = await begin(before, { steps: stepsAfter({ min_seconds: 60, min_sessions: 20 }) });
      const { id } = begun;
      pass(hourMs);
      expect(await before.looks.look(id)).toMatchObject({ waits_for: 'sessions' });
      await serve(begun, { count: 40 });

      // By this clock, the step has lasted long enough; only the last look is still to come.
      bench.wallMs -= hourMs / 2;
      const after = room();
      after.looks.start();
      await rounds(after);
      expect(await looksOf(id)).toBe(1);
      for (let n = 2; n <= 4; n++) {
        bench.passedMs += 10 * secondMs;
        await until(after, async () => (await looksOf(id)) === n);
        await rounds(after);
        expect(await rowOf(id)).toMatchObject({
          ...{ step: 0, weight: 5000, status: 'running' },
          decision: expect.stringContaining('the clock is behind the last look'),
        });
      }
      const blocked = { code: 'rollout_blocked', message: expect.stringContaining('clock is behind that') };
      await expect(after.rollouts.advance(id, said)).rejects.toMatchObject(blocked);
      await after.rollouts.pause(id, said);
      await expect(after.rollouts.resume(id, said)).rejects.toMatchObject(blocked);
      expect(await rowOf(id)).toMatchObject({ step: 0, weight: 5000, status: 'paused' });

      pass(hourMs / 2 + secondMs);
      await after.rollouts.resume(id, said);
      pass(11 * secondMs);
      await until(after, async () => (await rowOf(id)).step === 1);
      expect(await rowOf(id)).toMatchObject({ weight: 6000, status: 'running' });

      bench.wallMs -= hourMs;
      const last = room();
      await after.looks.stop();
      last.looks.start();
      await rounds(last);
      await breakGuardrail(begun);
      bench.passedMs += 10 * secondMs;
      await until(last, async () => (await rowOf(id)).status === 'rolled_back');
    });
  });

  test('A clock that jumps ahead by an hour takes one look', async () => {
    const one = room();
    const { id } = await begin(one);
    one.looks.start();
    await rounds(one);
    bench.wallMs += hourMs;
    await until(one, async () => (await looksOf(id)) === 1);
    await rounds(one);
    expect(await looksOf(id)).toBe(1);
  });

  describe('A database that is away', () => {
    test('costs the looks of its absence and no other, and nobody has to rouse anything', async () => {
      const one = room();
      const { id } = await begin(one);
      const away = Object.assign(new Error('Nobody listens'), { code: 'ECONNREFUSED' });
      bench.beforeWrite = () => Promise.reject(away);
      pass(11 * secondMs);
      one.looks.start();
      await vi.waitFor(() => expect(bench.logged.length).toBeGreaterThan(0), patience);
      pass(30 * secondMs);
      bench.beforeWrite = async () => {};
      await vi.waitFor(async () => expect(await looksOf(id)).toBe(1), patience);
      await rounds(one);
      expect(await looksOf(id)).toBe(1);
      pass(11 * secondMs);
      await until(one, async () => (await looksOf(id)) === 2);
      expect(bench.logged[0]).toEqual({ err: away });
    });

    test('for one rollout does not hold up another', async () => {
      const known = createVersions(bench.store);
      let broken = '';
      const one = room({
        ...{ clock: Date.now, elapsed: () => performance.now() },
        versions: {
          ...known,
          require: (agent, version) =>
            agent === broken ? Promise.reject(new Error('Unreadable')) : known.require(agent, version),
        },
      });
      const [bad, good] = [await begin(one, { look_seconds: 0.1 }), await begin(one, { look_seconds: 0.1 })];
      broken = bad.agent_id;
      one.looks.start();
      // Waiting for the bad one as long as a failure is waited for, it would have come to four of them.
      await vi.waitFor(async () => expect(await looksOf(good.id)).toBeGreaterThanOrEqual(8), patience);
      expect(await looksOf(bad.id)).toBe(0);
      expect(bench.logged.length).toBeGreaterThan(0);
    });
  });

  test('What is stopped finishes the look that it is at, and does nothing more', async () => {
    const one = room();
    const [first, second] = [await begin(one), await begin(one)];
    const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let writes = 0;
    bench.beforeWrite = () => {
      writes++;
      reached.resolve();
      return gate.promise;
    };
    pass(11 * secondMs);
    one.looks.start();
    await reached.promise;
    const order: string[] = [];
    const stopped = one.looks.stop().then(() => order.push('stopped'));
    for (let n = 0; n < 50; n++) await turn();
    order.push('let go');
    gate.resolve();
    await stopped;
    expect(order).toEqual(['let go', 'stopped']);
    const looks = [await looksOf(first.id), await looksOf(second.id)];
    expect(looks.toSorted()).toEqual([0, 1]);
    const then = { writes, asked: one.asked() };
    pass(hourMs);
    one.looks.wake();
    one.looks.start();
    for (let n = 0; n < 50; n++) await turn();
    expect({ writes, asked: one.asked() }).toEqual(then);
    expect([await looksOf(first.id), await looksOf(second.id)]).toEqual(looks);
  });

  testLocks('Who deletes a session does not wait for those who count', async () => {
    const one = room();
    const begun = await begin(one);
    const [gone] = await serve(begun, { count: 1 });
    if (gone === undefined) throw new Error('Nobody can leave');
    const left = Promise.withResolvers<void>();
    const leaving = bench.store.write(async (tx) => {
      await sql`set local lock_timeout = '2s'`.execute(tx);
      await lockSession(tx, bench.store.dialect, gone.id);
      await left.promise;
      await keepDeparture(tx, gone);
      await deleteSession(tx, gone.id);
    });
    const counting = bench.store.write(async (tx) => {
      await lockRollout(tx, bench.store.dialect, begun.id);
      left.resolve();
      await leaving;
    });
    await counting;
    pass(11 * secondMs);
    await one.looks.look(begun.id);
    expect(stateOf(await rowOf(begun.id)).evidence.units).toEqual({ control: 0, canary: 1 });
  });

  testLocks('Who leaves a notice has locked the end of the audit log', async () => {
    const one = room();
    const notices: string[] = [];
    const attempt = sql`select seq from audit_head for update nowait`;
    bench.onNotice = async (type) => {
      const isFree = await bench.store
        .write((tx) => attempt.execute(tx))
        .then(
          () => true,
          () => false,
        );
      notices.push(isFree ? `${type} too early` : type);
    };
    const begun = await begin(one);
    await breakGuardrail(begun);
    pass(11 * secondMs);
    expect(await one.looks.look(begun.id)).toMatchObject({ type: 'roll_back' });
    expect(notices).toEqual(['rollout.started', 'rollout.guardrail_broken', 'rollout.rolled_back']);
  });
});
