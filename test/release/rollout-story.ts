import type { RolloutEventResponse, RolloutResponse } from '../../src/api/rollouts.ts';
import type { SessionResponse } from '../../src/api/wire/sessions.ts';
import { all, ask, type Place } from '../evals/eval-story.ts';
import { sdk } from '../pawl.ts';
import { eventually, say, untilIdle } from '../story.ts';
import { evaluated, type Measured, newMeasured, type People, pathOf } from './release-story.ts';

/*
 * The steps that tests of rollouts are made of, over plain HTTP and the official SDK: an agent whose promotion is
 * approved, its rollout, and the traffic of an application.
 */

/** An agent with an approved promotion from version 1 to 2, and a place for its sessions. */
export type Ready = Measured & { readonly promotion_id: string; readonly environment_id: string };

export async function newReady(people: People, name = 'porter'): Promise<Ready> {
  const measured = await newMeasured(people, { name, versions: 3, cases: 6 });
  await ask(people.releaser, pathOf(measured.agent_id), { version: 1, from: null });
  const environment = await sdk(people.author.url, people.author.key).beta.environments.create({ name });
  const promotion_id = await approved(people, measured, 2);
  return { ...measured, promotion_id, environment_id: environment.id };
}

/** A promotion to a version that lacks nothing. */
export async function approved(people: People, measured: Measured, version: number): Promise<string> {
  const { id } = await evaluated(people, measured, version);
  await ask(people.reviewer, `/promotions/${id}/reviews`, { decision: 'approve' });
  return id;
}

/** A step that goes on as soon as it is looked at. */
export const atOnce = { min_seconds: 0, min_sessions: 0 };
/** A step that stays. */
export const forLong = { min_seconds: 86_400, min_sessions: 0 };
/** Two steps, of which the first stays. */
export const steady = (weight: number) => [{ weight, ...forLong }, { weight: 100 }];

export function startRollout(
  { releaser }: People,
  { promotion_id }: Ready,
  fields: object = {},
): Promise<RolloutResponse> {
  return ask(releaser, '/rollouts', { promotion_id, look_seconds: 0.2, ...fields });
}

export const retrieveRollout = (place: Place, id: string): Promise<RolloutResponse> =>
  ask(place, `/rollouts/${id}`);

export async function eventsOf(place: Place, id: string): Promise<RolloutEventResponse[]> {
  const events = await all<RolloutEventResponse>(place, `/rollouts/${id}/events?limit=100`);
  return events.toSorted((a, b) => a.seq - b.seq);
}

/** Asks until a rollout is as it should be, and gives it. */
export function untilRollout(
  place: Place,
  id: string,
  isSo: (rollout: RolloutResponse) => boolean,
): Promise<RolloutResponse> {
  return eventually(`rollout ${id}`, async () => {
    const rollout = await retrieveRollout(place, id);
    return isSo(rollout) ? rollout : null;
  });
}

/** A session of production, as an application opens it for one of its users. */
export async function openFor(
  place: Place,
  { agent_id, environment_id }: Ready,
  user: string | null = null,
): Promise<SessionResponse> {
  const session = await sdk(place.url, place.key).beta.sessions.create({
    agent: `${agent_id}@production`,
    environment_id,
    ...(user === null ? {} : { metadata: { targeting_key: user } }),
  });
  return session as unknown as SessionResponse;
}

/** The same, with one message and its answer. */
export async function serve(
  place: Place,
  ready: Ready,
  user: string | null = null,
): Promise<SessionResponse> {
  const session = await openFor(place, ready, user);
  const client = sdk(place.url, place.key);
  await client.beta.sessions.events.send(session.id, { events: [say(`Hello from ${user ?? 'nobody'}`)] });
  await untilIdle(client, session.id);
  return session;
}
