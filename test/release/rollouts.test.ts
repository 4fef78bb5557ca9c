import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PromotionResponse } from '../../src/api/promotions.ts';
import { ask, refusal } from '../evals/eval-story.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { aliasOf, movesOf, newPeople, type People } from './release-story.ts';
import {
  atOnce,
  eventsOf,
  forLong,
  newReady,
  openFor,
  type Ready,
  retrieveRollout,
  serve,
  startRollout,
  steady,
  untilRollout,
} from './rollout-story.ts';

let pawl: TestPawl;
let people: People;
let ready: Ready;

beforeEach(async () => {
  pawl = await startPawl();
  people = await newPeople(pawl);
  ready = await newReady(people);
});
afterEach(() => pawl.server.close());

test('A promotion grows step by step to the whole, with who was in it staying in it', async () => {
  const steps = [
    { weight: 30, min_seconds: 0, min_sessions: 5 },
    { weight: 60, min_seconds: 0, min_sessions: 15 },
    { weight: 100 },
  ];
  const started = await startRollout(people, ready, { steps, guardrails: [{ metric: 'failures', margin: 0.5 }] });
  expect(started).toMatchObject({ status: 'running', step: 1, weight: 30, candidate_version: 2 });
  expect(await aliasOf(pawl, ready.agent_id)).toMatchObject({
    version: 1,
    rollout: { id: started.id, version: 2, weight: 30 },
  });
  const users = Array.from({ length: 60 }, (_, n) => `user-${n}`);
  const first = await Promise.all(users.map((user) => serve(pawl, ready, user)));
  const inFirst = users.filter((_, i) => first[i]?.pawl.reason === 'canary');
  await untilRollout(pawl, started.id, ({ step }) => step === 2);
  const second = await Promise.all(users.map((user) => serve(pawl, ready, user)));
  const inSecond = users.filter((_, i) => second[i]?.pawl.reason === 'canary');
  expect(inSecond).toEqual(expect.arrayContaining(inFirst));
  expect(inSecond.length).toBeGreaterThan(inFirst.length);

  const done = await untilRollout(pawl, started.id, ({ status }) => status === 'completed');
  expect(done).toMatchObject({ weight: 100, next_look_at: null, pause: null });
  expect(await aliasOf(pawl, ready.agent_id)).toMatchObject({ version: 2, rollout: null });
  const promotion = await ask<PromotionResponse>(pawl, `/promotions/${ready.promotion_id}`);
  expect(promotion).toMatchObject({ status: 'completed', rollout_id: null, move: 2 });
  const events = await eventsOf(pawl, started.id);
  expect(events.filter(({ event }) => event !== 'look').map(({ event }) => event)).toEqual([
    ...['started', 'step', 'completed'],
  ]);
  expect((await openFor(pawl, ready, 'somebody')).pawl).toMatchObject({ version: 2, reason: 'alias', rollout: null });
});
