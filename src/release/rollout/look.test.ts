import { describe, expect, test } from 'vitest';
import type { PageRequest } from '../../core/page.ts';
import { keepDeparture, listRollouts, saveUnits } from '../../store/rollouts.ts';
import { deleteSession, updateSession } from '../../store/sessions.ts';
import { hourMs, openBench, rounds, said, secondMs, stepsAfter, until } from './bench.testsuite.ts';

/*
 * The goal: what a look or a person decides is what is written down, and what nobody needs any more goes. The method:
 * clocks that the test moves, on both databases.
 */

const firstPage: PageRequest = {
  list: { name: 'rollouts', key: ['string', 'string'], backwards: false },
  ...{ limit: 20, order: 'asc', cursor: null },
};

describe.each(['memory', 'PostgreSQL'])('On %s', (kind) => {
  const { bench, pass, room, begin, serve, breakGuardrail } = openBench(kind);

  describe('A person', () => {
    const atEnd = [{ weight: 50, min_seconds: 0, min_sessions: 0 }, { weight: 100 }];

    test('who resumes after a long pause finds patience where it was', async () => {
      const one = room();
      const { id } = await begin(one, { steps: atEnd, patience_seconds: 3600 });
      pass(hourMs / 2);
      expect(await one.looks.look(id)).toMatchObject({ waits_for: 'evidence' });
      for (const days of [1, 2]) {
        await one.rollouts.pause(id, said);
        pass(days * 24 * hourMs);
        await one.rollouts.resume(id, said);
        pass(11 * secondMs);
        expect(await one.looks.look(id)).toMatchObject({ type: 'wait', waits_for: 'evidence' });
      }
      pass(hourMs / 2);
      expect(await one.looks.look(id)).toMatchObject({ type: 'pause', cause: 'inconclusive' });
    });

    test('who advances a step that was paused gives the next one its whole patience', async () => {
      const one = room();
      const steps = [{ weight: 40 }, ...atEnd];
      const { id } = await begin(one, { steps, patience_seconds: 3600 });
      await one.rollouts.pause(id, said);
      pass(24 * hourMs);
      await one.rollouts.resume(id, said);
      await one.rollouts.advance(id, said);
      pass(hourMs + secondMs);
      expect(await one.looks.look(id)).toMatchObject({ type: 'pause', cause: 'inconclusive' });
    });

    test('who tries again what costs something needs prices as at the first time', async () => {
      let priced = true;
      const one = room({ priced: () => priced });
      const { id } = await begin(one, { guardrails: [{ metric: 'cost' }] });
      await one.rollouts.abort(id, { ...said, running: 'drain' });
      priced = false;
      await expect(one.rollouts.retry(id, said)).rejects.toMatchObject({
        ...{ code: 'invalid_request', message: expect.stringContaining('no price is known') },
      });
      priced = true;
      const { id: again } = await one.rollouts.retry(id, said);
      bench.made.push(again);
    });
  });

  test('A step that its promotion blocks is decided to be a pause', async () => {
    const steps = stepsAfter({ min_seconds: 0, min_sessions: 0 });
    const { id } = await begin(room(), { steps });
    pass(11 * secondMs);
    const blocked = { type: 'pause', cause: 'blocked', metric: null, reason: 'nobody has approved it' };
    const { looks, rollouts } = room({ lacking: ['nobody has approved it'] });
    expect(await looks.look(id)).toEqual(blocked);
    expect(await rollouts.retrieve(id)).toMatchObject({
      ...{ decision: blocked, pause: { cause: 'blocked', reason: 'nobody has approved it' }, weight: 50 },
    });
    const refused = { code: 'promotion_blocked', message: expect.stringContaining('cannot be rolled out:') };
    await expect(rollouts.advance(id, said)).rejects.toMatchObject(refused);
  });

  test('A list has what a rollout is, without what it has counted', async () => {
    const one = room();
    const begun = await begin(one);
    const { evidence: _evidence, scoring: _scoring, ...listed } = await one.rollouts.retrieve(begun.id);
    for (const status of ['running', undefined] as const) {
      const { data } = await one.rollouts.list({ agent_id: begun.agent_id, status }, firstPage);
      expect(data).toEqual([listed]);
    }
    const rows = await listRollouts(bench.store.db, bench.store.dialect, {
      filter: { agent_id: begun.agent_id },
      request: firstPage,
    });
    const { state: _state, ...columns } = begun;
    expect(rows).toEqual([columns]);
  });

  test('A score that nobody has given is not known, whatever it is called', async () => {
    const one = room();
    const begun = await begin(one, { guardrails: [{ metric: 'score:constructor' }] });
    await serve(begun, { count: 120 });
    pass(11 * secondMs);
    await one.looks.look(begun.id);
    const { evidence } = await one.rollouts.retrieve(begun.id);
    expect(evidence.units).toEqual({ control: 60, canary: 60 });
    expect(evidence.checks).toMatchObject([{ status: 'open', control: { units: 0 }, canary: { units: 0 } }]);
  });

  test('A session counts with what its requests have cost, and else by the table, also when it is gone', async () => {
    const one = room({ priced: () => true });
    const begun = await begin(one, { guardrails: [{ metric: 'cost' }] });
    const rows = await serve(begun, { count: 120 });
    await bench.store.write(async (tx) => {
      for (const row of rows.filter(({ arm }) => arm === 'canary')) {
        await updateSession(tx, row.id, { list_cost_usd: 0.25 });
      }
      const [gone] = rows;
      if (gone === undefined) return;
      await keepDeparture(tx, { ...gone, list_cost_usd: 0.25 });
      await deleteSession(tx, gone.id);
    });
    pass(11 * secondMs);
    await one.looks.look(begun.id);
    const { evidence } = await one.rollouts.retrieve(begun.id);
    expect(evidence.checks).toMatchObject([
      { metric: 'cost', canary: { mean: 0.25, units: 60 }, control: { mean: 1, units: 60 } },
    ]);
  });

  test('A rollback by a guardrail writes down that the alias is held', async () => {
    const one = room();
    const begun = await begin(one);
    await breakGuardrail(begun);
    pass(11 * secondMs);
    await one.looks.look(begun.id);
    const held = await bench.store.db
      .selectFrom('audit_entries')
      .select(['outcome', 'before', 'after'])
      .where('subject_id', '=', `${begun.agent_id}@production`)
      .where('action', '=', 'alias.held')
      .execute();
    expect(held).toHaveLength(1);
    expect(held[0]).toMatchObject({ outcome: 'done', before: JSON.stringify({ hold: null }) });
    const { hold } = JSON.parse(held[0]?.after ?? '{}') as { hold: object };
    expect(hold).toMatchObject({ by: 'pawl', reason: expect.stringContaining('the canary is worse') });
  });

  describe('What is kept of units and sessions', () => {
    const kept = async (id: string) => {
      const tables = [
        'rollout_units',
        'rollout_sessions',
        'rollout_departures',
        'rollout_leftovers',
      ] as const;
      const counts = tables.map((table) =>
        bench.store.db.selectFrom(table).select('rollout_id').where('rollout_id', '=', id).execute(),
      );
      return (await Promise.all(counts)).map((rows) => rows.length);
    };

    test('stays as long as its rollout, and is deleted after it; evidence and events are not', async () => {
      const one = room();
      const [over, open] = [await begin(one), await begin(one)];
      for (const begun of [over, open]) await serve(begun, { count: 20 });
      pass(11 * secondMs);
      for (const { id } of [over, open]) await one.looks.look(id);
      const [gone] = await serve(over, { count: 1 });
      if (gone === undefined) throw new Error('Nobody can leave');
      await bench.store.write((tx) => keepDeparture(tx, gone));
      await one.rollouts.abort(over.id, { ...said, running: 'drain' });
      const before = await one.rollouts.retrieve(over.id);
      expect(await kept(over.id)).toEqual([20, 20, 1, 1]);
      one.looks.start();
      await until(one, async () => (await kept(over.id)).every((count) => count === 0));
      expect(await kept(open.id)).toEqual([20, 20, 0, 0]);
      expect(await one.rollouts.retrieve(over.id)).toEqual(before);
      const events = bench.store.db
        .selectFrom('rollout_events')
        .select('type')
        .where('rollout_id', '=', over.id);
      const types = (await events.orderBy('seq').execute()).map(({ type }) => type);
      expect(types).toEqual(['started', 'look', 'aborted']);
    });

    test('is deleted a part at a time, and by the next process when one ends', async () => {
      // What other tests have left behind is not to be waited for here.
      await bench.store.write((tx) => tx.deleteFrom('rollout_leftovers').execute());
      const one = room();
      const { id } = await begin(one);
      await bench.store.write(async (tx) => {
        const numbers = Array.from({ length: 1200 }, (_, n) => `${id}_${n}`);
        await saveUnits(tx, id, new Map(numbers.map((unit) => [unit, '{}'])));
      });
      await one.rollouts.abort(id, { ...said, running: 'drain' });
      const parts: number[] = [];
      const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let writes = 0;
      bench.beforeWrite = async () => {
        parts.push((await kept(id))[0] ?? 0);
        writes++;
        if (writes < 2) return;
        reached.resolve();
        await gate.promise;
      };
      one.looks.start();
      await reached.promise;
      const stopped = one.looks.stop();
      gate.resolve();
      await stopped;
      expect(parts).toEqual([1200, 700]);
      expect(await kept(id)).toEqual([200, 0, 0, 1]);
      const next = room();
      next.looks.start();
      await until(next, async () => (await kept(id)).every((count) => count === 0));
      await rounds(next);
      expect(parts).toEqual([1200, 700, 200]);
    });
  });
});
