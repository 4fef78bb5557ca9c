import { pageOf } from '../wire/answers/fields.ts';
import { evidenceSeries, listedRollout, rollout, rolloutEvent } from '../wire/answers/rollouts.ts';
import { json, type Operations, stream } from './operation.ts';

const there = ['rollout_not_found'] as const;
const underway = [...there, 'rollout_over'] as const;

/** How promotions are carried out in steps, and what people can do about it. */
export const rolloutOperations: Operations = {
  start_rollout: {
    route: 'POST /pawl/v1/rollouts',
    tag: 'Rollouts',
    summary: "Gives a promotion's candidate its first part of the traffic.",
    description:
      'The promotion has to lack nothing. From then on the server looks at the evidence by itself: it goes on to the next step, pauses, or takes the candidate back.',
    answer: json(rollout),
    errors: ['promotion_not_found', 'promotion_over', 'promotion_blocked', 'rollout_running'],
  },
  list_rollouts: {
    route: 'GET /pawl/v1/rollouts',
    tag: 'Rollouts',
    summary: 'Lists rollouts, the newest first.',
    answer: json(pageOf(listedRollout)),
    errors: [],
  },
  retrieve_rollout: {
    route: 'GET /pawl/v1/rollouts/:id',
    tag: 'Rollouts',
    summary: 'Gives a rollout with what is known of its traffic.',
    answer: json(rollout),
    errors: there,
  },
  list_rollout_events: {
    route: 'GET /pawl/v1/rollouts/:id/events',
    tag: 'Rollouts',
    summary: 'Lists what happened to a rollout, the newest first.',
    answer: json(pageOf(rolloutEvent)),
    errors: there,
  },
  retrieve_rollout_evidence: {
    route: 'GET /pawl/v1/rollouts/:id/evidence',
    tag: 'Rollouts',
    summary: 'Gives how the evidence of a rollout came about, as points in time to be drawn.',
    description:
      'A point for each look; where there are more than 200, for every second one, and so on. The last point is as it is now.',
    answer: json(evidenceSeries),
    errors: there,
  },
  stream_rollout: {
    route: 'GET /pawl/v1/rollouts/:id/stream',
    tag: 'Rollouts',
    summary: 'Streams a rollout until it is over.',
    answer: stream('rollout', 'Rollout'),
    errors: there,
  },
  pause_rollout: {
    route: 'POST /pawl/v1/rollouts/:id/pause',
    tag: 'Rollouts',
    summary: 'Holds a rollout at its step; its guardrails go on.',
    description: 'One that is paused stays as it is.',
    answer: json(rollout),
    errors: underway,
  },
  resume_rollout: {
    route: 'POST /pawl/v1/rollouts/:id/resume',
    tag: 'Rollouts',
    summary: 'Lets a paused rollout go on, in spite of what it was paused for.',
    description:
      'Signals that are broken then do not pause the same step again. One that is running stays as it is.',
    answer: json(rollout),
    errors: [...underway, 'rollout_blocked'],
  },
  advance_rollout: {
    route: 'POST /pawl/v1/rollouts/:id/advance',
    tag: 'Rollouts',
    summary: 'Goes on to the next step at once, whatever it was waiting for.',
    description:
      'Where the step asks for approval, this is it, and it has to come from somebody else than who asked for the promotion. From the last step before 100 the alias moves.',
    answer: json(rollout),
    errors: [...underway, 'rollout_moved', 'rollout_blocked', 'promotion_blocked', 'own_promotion'],
  },
  abort_rollout: {
    route: 'POST /pawl/v1/rollouts/:id/abort',
    tag: 'Rollouts',
    summary: 'Ends a rollout without a judgement: its promotion stands as before.',
    answer: json(rollout),
    errors: underway,
  },
  roll_back_rollout: {
    route: 'POST /pawl/v1/rollouts/:id/rollback',
    tag: 'Rollouts',
    summary: 'Ends a rollout because the candidate is bad: its promotion is over, and the alias is held.',
    description: 'Rolling back the alias does the same.',
    answer: json(rollout),
    errors: underway,
  },
  retry_rollout: {
    route: 'POST /pawl/v1/rollouts/:id/retry',
    tag: 'Rollouts',
    summary: 'Begins a rollout anew that was aborted or rolled back, as another one.',
    description:
      'It has the same settings and no evidence, and whoever was in the canary is in it again. What was rolled back needs its alias released first.',
    answer: json(rollout),
    errors: [...there, 'rollout_running', 'rollout_blocked', 'promotion_open', 'promotion_blocked'],
  },
};
