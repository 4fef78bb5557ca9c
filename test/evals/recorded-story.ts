import type Anthropic from '@anthropic-ai/sdk';
import type { ShadowResponse } from '../../src/api/shadows.ts';
import type { ChatRequest } from '../model-requests.ts';
import { eventually, makeSetting, type Setting, say, untilIdle } from '../story.ts';
import { ask, type ComparisonResponse, type Place, statesOf } from './eval-story.ts';

/*
 * What tests of backtests and shadows begin with: an agent whose version 1 does its work and whose version 2 has lost it,
 * `production` on version 1, and users who talk to it.
 */

/** Scores what the agent of these tests has to do: name a team. */
export const namesTeam = {
  scorers: [{ type: 'contains', name: 'team', texts: ['team'] }],
  gate: { margin: 0.08 },
};
/** So many sessions can show by that margin that it does, and that it does not; an interval is judged from 50 on. */
export const enough = 52;
/** How long a shadow of a test rests, in milliseconds. */
export const shadow_pause_ms = 5;

/** A model that does what it is told, unless it is told to be brief. */
export function teamModel({ system, messages }: ChatRequest): string {
  const text = messages.at(-1)?.text ?? '';
  return system?.includes('brief') === true ? 'Hm.' : JSON.stringify({ team: text.split(' ').at(-1) });
}

/** Version 1 works, version 2 is brief, and version 3 works as well. */
export async function makeTeams({
  client,
  ...place
}: Place & { readonly client: Anthropic }): Promise<Setting> {
  const setting = await makeSetting(client, { system: 'Name the team.' });
  const { id } = setting.agent;
  await client.beta.agents.update(id, { system: 'Name the team, and be brief.' });
  await client.beta.agents.update(id, { system: 'Name the team!' });
  await ask(place, `/agents/${id}/aliases/production`, { version: 1, from: null });
  return setting;
}

/** Opens a session on what `production` stands for, as an application does. */
export async function openOnProduction(
  client: Anthropic,
  { agent, environment_id }: Setting,
  metadata: Record<string, string> = {},
): Promise<string> {
  const session = await client.beta.sessions.create({
    agent: `${agent.id}@production`,
    environment_id,
    metadata,
  });
  return session.id;
}

/** Says something, and waits for the answer. */
export async function talk(client: Anthropic, sessionId: string, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    await client.beta.sessions.events.send(sessionId, { events: [say(text)] });
    await untilIdle(client, sessionId);
  }
}

/** So many users with one message each, a few at a time. */
export async function talkOfMany(client: Anthropic, setting: Setting, count: number): Promise<string[]> {
  const users = Array.from(
    { length: count },
    (_, i) => `ticket ${i} for ${i % 2 === 0 ? 'billing' : 'support'}`,
  );
  const ids: string[] = [];
  while (users.length > 0) {
    const opened = users.splice(0, 10).map(async (text) => {
      const id = await openOnProduction(client, setting);
      await talk(client, id, text);
      return id;
    });
    ids.push(...(await Promise.all(opened)));
  }
  return ids;
}

/** A comparison once it is over. */
export async function settled(place: Place, { id }: { readonly id: string }): Promise<ComparisonResponse> {
  const last = (await statesOf<ComparisonResponse>(place, `/comparisons/${id}/stream`)).at(-1);
  if (last === undefined) throw new Error(`The stream of comparison ${id} said nothing`);
  return last;
}

/** A shadow once something is true of it. */
export function shadowUntil(
  place: Place,
  id: string,
  isSo: (shadow: ShadowResponse) => boolean,
): Promise<ShadowResponse> {
  return eventually(`shadow ${id}`, async () => {
    const shadow = await ask<ShadowResponse>(place, `/shadows/${id}`);
    return isSo(shadow) ? shadow : null;
  });
}
