import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PromotionResponse } from '../../src/api/promotions.ts';
import { ask, refusal } from '../evals/eval-story.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { aliasOf, newPeople, type People } from './release-story.ts';
import { newReady, type Ready } from './rollout-story.ts';

/*
 * The goal: a rollout that is asked for wrongly does not begin, and whoever asked learns which field it was and what is
 * allowed. The method: one promotion that lacks nothing, and one thing wrong at a time.
 */

describe('What is refused', () => {
  let pawl: TestPawl;
  let people: People;
  let ready: Ready;

  beforeAll(async () => {
    pawl = await startPawl();
    people = await newPeople(pawl);
    ready = await newReady(people);
  });
  afterAll(() => pawl.server.close());

  test.each([
    [{ steps: [] }, 'steps: must be 2 to 20'],
    [{ steps: [{ weight: 100 }] }, 'steps: must be 2 to 20'],
    [{ steps: [{ weight: 5 }, { weight: 50 }] }, 'steps.1.weight: must be 100 in the last step'],
    [{ steps: [{ weight: 60 }, { weight: 50 }, { weight: 100 }] }, 'steps.1.weight: must be above 60'],
    [{ steps: [{ weight: 50 }, { weight: 50 }, { weight: 100 }] }, 'steps.1.weight: must be above 50'],
    [{ steps: [{ weight: 0 }, { weight: 100 }] }, 'steps.0.weight: must be a percentage above 0'],
    [{ steps: [{ weight: -5 }, { weight: 100 }] }, 'steps.0.weight: must be a percentage above 0'],
    [{ steps: [{ weight: 101 }, { weight: 100 }] }, 'steps.0.weight: must be a percentage above 0'],
    [{ steps: [{ weight: 0.005 }, { weight: 100 }] }, 'with two decimals at most'],
    [{ steps: [{ weight: 5 }, { weight: 100, min_seconds: 5 }] }, 'steps.1: at 100 the rollout is over'],
    [{ steps: [{ weight: 5, min_seconds: -1 }, { weight: 100 }] }, 'steps.0.min_seconds'],
    [{ steps: [{ weight: 5, control: 80 }, { weight: 100 }] }, 'control'],
    [{ guardrails: [] }, 'guardrails: must name one thing at least'],
    [{ guardrails: [{ metric: 'luck' }] }, 'guardrails.0.metric: must be one of failures'],
    [{ guardrails: [{ metric: 'score:' }] }, 'guardrails.0.metric'],
    [{ guardrails: [{ metric: 'failures' }], signals: [{ metric: 'failures' }] }, 'is a guardrail already'],
    [{ guardrails: [{ metric: 'failures', margin: -0.1 }] }, 'guardrails.0.margin'],
    [{ signals: [{ metric: 'cost' }, { metric: 'cost' }] }, 'signals.1.metric: cost is named already'],
    [{ alpha: 0.5 }, 'alpha'],
    [{ look_seconds: 0 }, 'look_seconds'],
    [{ scorers: [{ name: 'x', sample: 2, scorer: { type: 'exact' } }] }, 'scorers.0'],
    [{ promotion_id: 'promo_nobody' }, 'promo_nobody'],
  ])('%j', async (fields, message) => {
    const said = await refusal(people.releaser, '/rollouts', { promotion_id: ready.promotion_id, ...fields });
    expect(said.message).toContain(message);
    expect(await aliasOf(pawl, ready.agent_id)).toMatchObject({ version: 1, rollout: null });
    const { data } = await ask<{ data: unknown[] }>(pawl, '/rollouts');
    expect(data).toEqual([]);
  });

  test('a promotion that lacks something, and whoever is no releaser', async () => {
    const asked = { agent_id: ready.agent_id, version: 3, eval: ready.eval };
    const { id } = await ask<PromotionResponse>(people.author, '/promotions', asked);
    const said = await refusal(people.releaser, '/rollouts', { promotion_id: id });
    expect(said).toMatchObject({ status: 409, code: 'promotion_blocked' });
    const tried = await refusal(people.reviewer, '/rollouts', { promotion_id: ready.promotion_id });
    expect(tried).toMatchObject({ status: 403, code: 'permission' });
  });
});
