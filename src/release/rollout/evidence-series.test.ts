import { describe, expect, test } from 'vitest';
import { findRollout } from '../../store/rollouts.ts';
import { openBench, secondMs } from './bench.testsuite.ts';
import { checkAll } from './checks.ts';
import { intervalAt, keepPoint, readSeries } from './evidence-series.ts';
import { settingsOf, stateOf } from './rollout.ts';

test('Every look is kept at first, and then every second, fourth and eighth one', () => {
  expect([1, 200, 201, 400, 401, 800, 801].map(intervalAt)).toEqual([1, 1, 2, 2, 4, 4, 8]);
});

describe.each(['memory', 'PostgreSQL'])('On %s', (kind) => {
  const { bench, pass, room, begin, serve } = openBench(kind);

  test('each look leaves a point, and the last point is as it is now', async () => {
    const one = room();
    const begun = await begin(one, { guardrails: [{ metric: 'failures', margin: 0.2 }] });
    const { rollouts, looks } = one;
    expect(await rollouts.series(begun.id)).toMatchObject({ rollout_id: begun.id, points: [] });
    for (let look = 1; look <= 3; look++) {
      await serve(begun, { count: 20 });
      pass(11 * secondMs);
      await looks.look(begun.id);
    }
    const { checks, points } = await rollouts.series(begun.id);
    const { evidence, last_look_at } = await rollouts.retrieve(begun.id);
    expect(checks).toMatchObject([{ metric: 'failures', kind: 'guardrail', margin: 0.2, alpha: 0.05 }]);
    expect(points.map(({ look, units }) => [look, units.control + units.canary])).toEqual([
      [1, 20],
      [2, 40],
      [3, 60],
    ]);
    const [check] = evidence.checks;
    expect(points.at(-1)).toMatchObject({
      ...{ at: last_look_at, weight: 50, step: 1, sample_ratio: evidence.sample_ratio },
      checks: [{ metric: 'failures', status: check?.status, p: check?.p, ...check?.harm }],
    });
  });

  test('there are never many more than 200 points, from the first look to the last', async () => {
    const { id } = await begin(room());
    const { store } = bench;
    const row = await findRollout(store.db, id);
    if (row === null) throw new Error('There is no rollout');
    const checks = checkAll(stateOf(row).evidence, settingsOf(row));
    const at = row.created_at;
    let most = 0;
    for (let from = 1; from <= 901; from += 100) {
      await store.write(async (tx) => {
        for (let looks = from; looks < from + 100; looks++)
          await keepPoint(tx, { ...row, looks }, { at, checks });
      });
      const { points } = await readSeries(store.db, { ...row, looks: from + 99, last_look_at: at });
      most = Math.max(most, points.length);
    }
    expect(most).toBeLessThanOrEqual(201);
    const { points } = await readSeries(store.db, { ...row, looks: 1001, last_look_at: at });
    const looks = points.map(({ look }) => look);
    expect(looks).toEqual([...Array.from({ length: 125 }, (_, i) => (i + 1) * 8), 1001]);
  });
});
