import { primaryThreadId } from '../../src/core/ids.ts';
import { ask, completed, putDataset } from '../evals/eval-story.ts';
import type { TestPawl } from '../pawl.ts';
import { registeredRoutes } from '../registered-routes.ts';
import { newPeople } from '../release/release-story.ts';
import { newReady, serve, startRollout, steady } from '../release/rollout-story.ts';
import { converse, eventually, makeSetting, openSession } from '../story.ts';
import type { Receiver } from '../webhook-receiver.ts';

/** One of everything that a path can name, by the word that stands before it there. */
export type Things = Readonly<Record<string, string>>;

export const fileText = 'Grüße an alle';

/** Brings a bit of everything into a server, through its API, and waits until nothing is under way. */
export async function fillPawl(pawl: TestPawl, receiver: Receiver): Promise<Things> {
  const { client } = pawl;
  const people = await newPeople(pawl);
  const hook = { url: receiver.url, enabled_events: ['*'] };
  const webhook = await ask<{ id: string }>(pawl, '/webhooks', hook);
  const ready = await newReady(people);
  await putDataset(people.author, 'other', [{ id: 'a', input: 'a', target: 'a' }]);
  await putDataset(people.author, 'other', [{ id: 'b', input: 'b', target: 'b' }]);
  const { run } = await completed(people.author, ready.eval, { agent_version: 1 });
  const rollout = await startRollout(people, ready, { steps: steady(50) });
  const session = await serve(people.author, ready, 'ann');
  await ask(people.author, `/sessions/${session.id}/scores`, { name: 'helpful', value: 1 });
  await ask(people.releaser, `/rollouts/${rollout.id}/rollback`, { reason: 'Oh.' });
  await ask(people.releaser, `/agents/${ready.agent_id}/aliases/production/release`, {});
  const staging = `/agents/${ready.agent_id}/aliases/staging`;
  await ask(people.author, staging, { version: 1, from: null });
  await ask(people.author, staging, { version: 2, from: 1 });
  await ask(people.releaser, `${staging}/rollback`, { reason: 'It was better before.' });
  const shadow = await ask<{ id: string }>(people.author, '/shadows', {
    ...{ agent_id: ready.agent_id, alias: 'production', candidate_version: 3, sample: 0.0001 },
  });
  await ask(people.author, `/shadows/${shadow.id}/stop`, {});
  const setting = await makeSetting(client, { system: 'Sei höflich. 🧑🏽‍🚀' });
  await converse(client, (await openSession(client, setting)).id, 'Hello\u2028there');
  const vault = await client.beta.vaults.create({ display_name: 'mine' });
  const credential = await client.beta.vaults.credentials.create(vault.id, {
    auth: { type: 'static_bearer', mcp_server_url: 'https://mcp.example.com', token: 'very-secret-token' },
  });
  const file = await client.files.upload({ file: new File([fileText], 'hello.txt') });
  const { data } = await ask<{ data: { id: string }[] }>(pawl, `/comparisons?limit=1`);
  await eventually('every delivery', async () => {
    const deliveries = await ask<{ data: { status: string }[] }>(
      pawl,
      `/webhooks/${webhook.id}/deliveries?limit=100`,
    );
    return deliveries.data.every(({ status }) => status === 'delivered');
  });
  return {
    ...{ agents: ready.agent_id, aliases: 'staging', environments: ready.environment_id },
    ...{
      sessions: session.id,
      datasets: 'other',
      evals: ready.eval,
      eval_runs: run.id,
      models: 'offline',
    },
    ...{ comparisons: data[0]?.id ?? '', promotions: ready.promotion_id, rollouts: rollout.id },
    ...{ shadows: shadow.id, vaults: vault.id, credentials: credential.id, files: file.id },
    ...{ webhooks: webhook.id, threads: primaryThreadId(session.id) },
  };
}

/** What no answer depends on what is kept for, or what answers without an end. */
const leftOut = /stream$|openapi|\/stats|\/pawl\/v1\/(backup|server)$|^\/metrics/;

/** What a server answers to every GET that there is, by its path. */
export async function everyAnswer({ url, key }: TestPawl, things: Things): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  const routes = (await registeredRoutes()).filter(
    (route) => route.method === 'GET' && !route.open && !leftOut.test(route.url),
  );
  for (const route of routes) {
    const path = route.url.replaceAll(/(\w+)\/:\w+/g, (_, noun: string) => `${noun}/${things[noun] ?? '1'}`);
    const response = await fetch(`${url}${path}`, { headers: { 'x-api-key': key } });
    // How old a session is, and which days costs are asked for, is different each time.
    const text = (await response.text()).replaceAll(/"(duration_seconds|from|before)":"?[\d.:TZ-]+/g, '');
    answers[path] = `${response.status} ${text}`;
  }
  return answers;
}
