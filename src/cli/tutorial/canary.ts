import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { AliasResponse } from '../../api/aliases.ts';
import type { RolloutEventResponse, RolloutResponse } from '../../api/rollouts.ts';
import type { Belongings } from './belongings.ts';
import { type Customers, type LiveTicket, letCustomersWrite } from './customers.ts';
import { get, post, type Stage, type StoryOptions, versionServed } from './stage.ts';
import type { Step } from './step.ts';
import { liveTickets } from './tickets.ts';

/** How an approved promotion is carried out. */
export type CanaryPlan = {
  readonly promotion_id: string;
  /** Shares of the customers in percent, each with how many of them have to have had the candidate. */
  readonly steps: readonly { readonly weight: number; readonly min_sessions: number }[];
};

const lookSeconds = 0.25;
/** How much worse the candidate may be, in failed sessions and in tickets that go to the right team: ten points. */
const margin = 0.1;
const lookEveryMs = 150;
/** What the last customers have brought is counted by then. */
const lastLooks = 3;

/**
 * Carries a promotion out as a canary while customers write, until the server has decided by what came of it. Gives
 * whether the candidate is production then. A rollout that is undecided when there are no more customers is aborted.
 */
export async function* carryOut(
  options: StoryOptions,
  { stage, made, plan }: { readonly stage: Stage; readonly made: Belongings; readonly plan: CanaryPlan },
): AsyncGenerator<Step, boolean> {
  const tickets = readTickets();
  // The customers that it needs take long enough.
  const steps = plan.steps.map((step) => ({ ...step, min_seconds: 0 }));
  const started = await post<RolloutResponse>(
    options,
    'rollouts',
    {
      promotion_id: plan.promotion_id,
      steps: [...steps, { weight: 100 }],
      guardrails: [
        { metric: 'failures', margin },
        { metric: 'score:routed', margin },
      ],
      ...{ signals: [], look_seconds: lookSeconds },
    },
    stage.reviewer,
  );
  made.rollout_id = started.id;
  yield { kind: 'canary_started', rollout: started, tickets: tickets.length };
  const customers = letCustomersWrite(options, stage, tickets);
  let reason: string | null = null;
  try {
    for await (const step of changesOf(options, started, customers)) {
      reason = step.event.reason;
      yield step;
    }
  } finally {
    await customers.stop();
  }
  const rollout = await close(options, started.id, stage);
  made.rollout_id = null;
  const { candidate_version } = rollout;
  yield {
    kind: 'canary_ended',
    rollout,
    reason: rollout.status === 'aborted' ? null : reason,
    alias: await get<AliasResponse>(options, `agents/${stage.agent_id}/aliases/production`),
    session_version: await versionServed(options, stage),
    customers: customers.served(),
    in_common: wordsInCommon(customers.misrouted(candidate_version), readFileSync(options.tickets, 'utf8')),
  };
  return rollout.status === 'completed';
}

/** Everything that the server does to a rollout, until it is over or there is nothing left to wait for. */
async function* changesOf(
  options: StoryOptions,
  { id }: RolloutResponse,
  customers: Customers,
): AsyncGenerator<Extract<Step, { kind: 'canary_changed' }>> {
  let told = 0;
  let before = '';
  let looksAtEnd: number | null = null;
  for (;;) {
    const rollout = await get<RolloutResponse>(options, `rollouts/${id}`);
    options.onCanary(rollout, customers.served());
    const { status, step, looks } = rollout;
    if (before !== `${status} ${step}`) {
      before = `${status} ${step}`;
      for (const event of await newEvents(options, id, told)) {
        told = event.seq;
        yield { kind: 'canary_changed', rollout, event };
      }
    }
    if (status !== 'running') return;
    if (customers.isOver()) looksAtEnd ??= looks;
    if (looksAtEnd !== null && looks >= looksAtEnd + lastLooks) return;
    await wait(lookEveryMs, undefined, { signal: options.signal });
  }
}

/** What happened after the event with a number, but for the beginning and for looks that led to nothing. */
async function newEvents(options: StoryOptions, id: string, after: number): Promise<RolloutEventResponse[]> {
  const path = `rollouts/${id}/events?limit=100`;
  const { data } = await get<{ readonly data: readonly RolloutEventResponse[] }>(options, path);
  return data
    .filter(({ seq, event }) => seq > after && event !== 'started' && event !== 'look')
    .sort((a, b) => a.seq - b.seq);
}

/** A rollout that is over; one that is not, because nothing was shown, is aborted. */
async function close(options: StoryOptions, id: string, { reviewer }: Stage): Promise<RolloutResponse> {
  const rollout = await get<RolloutResponse>(options, `rollouts/${id}`);
  if (rollout.ended_at !== null) return rollout;
  return post<RolloutResponse>(options, `rollouts/${id}/abort`, { reason: 'no more customers' }, reviewer);
}

function readTickets(): LiveTicket[] {
  const lines = readFileSync(liveTickets, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as LiveTicket);
}

/** The words that all of these tickets have, without their plural, and that a text has not. */
function wordsInCommon(tickets: readonly LiveTicket[], text: string): string[] {
  const wordsOf = (one: string): Set<string> =>
    new Set(Array.from(one.toLowerCase().matchAll(/\p{L}{3,}/gu), ([word]) => word.replace(/s$/, '')));
  const known = wordsOf(text);
  const [first, ...others] = tickets.map(({ subject, body }) => wordsOf(`${subject} ${body}`));
  return [...(first ?? [])].filter((word) => !known.has(word) && others.every((words) => words.has(word)));
}
