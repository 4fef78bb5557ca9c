import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../model-server.ts';
import { startPawl, type TestPawl } from '../pawl.ts';

/*
 * The goal: the published prompt-versioning notebook runs as it is. The method: its steps, line by line, with its
 * polling loop; only the second that it sleeps between two polls is shorter. Once with the offline model, as on a
 * machine on which nothing is set, and once with a model over HTTP.
 */

const prompt = `You triage support tickets for a usage-billed API product. Answer with ONLY a single line of raw JSON:
{"team": "<billing|auth|api-platform|dashboard>", "priority": "<P1|P2|P3>"}`;
const rule = '\n\nROUTING RULE: If the ticket mentions API usage or rate limits, route to api-platform.';

const tickets = [
  { text: 'I was charged twice on my last invoice, please refund one payment.', team: 'billing' },
  { text: 'The password reset mail never comes and I am locked out of my login.', team: 'auth' },
  { text: 'The webhook endpoint of your API answers with a timeout.', team: 'api-platform' },
  {
    text: 'The chart on the dashboard page does not load after I press the export button.',
    team: 'dashboard',
  },
];

type Client = Anthropic;

async function triage(
  client: Client,
  agent: { id: string; version: number },
  environment_id: string,
  ticket: string,
): Promise<{ team?: string }> {
  const session = await client.beta.sessions.create({
    agent: { type: 'agent', id: agent.id, version: agent.version },
    environment_id,
  });
  try {
    await client.beta.sessions.events.send(session.id, {
      events: [{ type: 'user.message', content: [{ type: 'text', text: ticket }] }],
    });
    for (let poll = 0; poll < 600; poll++) {
      const { data } = await client.beta.sessions.events.list(session.id);
      if (data.at(-1)?.type === 'session.status_idle') {
        let text = '';
        for (const event of data) {
          if (event.type !== 'agent.message') continue;
          for (const block of event.content) text += (block as { text: string }).text;
        }
        return JSON.parse(text);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('The session did not become idle');
  } finally {
    await client.beta.sessions.archive(session.id);
  }
}

async function score(client: Client, agent: { id: string; version: number }, environment_id: string) {
  const verdicts = [];
  for (const { text } of tickets) verdicts.push(await triage(client, agent, environment_id, text));
  return verdicts.filter((verdict, i) => verdict.team === tickets[i]?.team).length;
}

describe.each(['offline', 'over HTTP'])('The notebook, with the model %s,', (kind) => {
  let model: ModelServer | null = null;
  let pawl: TestPawl;

  beforeAll(async () => {
    model = kind === 'offline' ? null : await startModelServer();
    const upstream = { anthropic_base_url: model?.url ?? '', anthropic_api_key: 'upstream-key' };
    pawl = await startPawl(model === null ? {} : upstream);
  });

  afterAll(async () => {
    await model?.close();
    await pawl.server.close();
  });

  test('runs unchanged', async () => {
    const { client } = pawl;
    const environment = await client.beta.environments.create({ name: 'ticket-triage-env' });
    expect(environment.id).toMatch(/^env_/);
    const first = await client.beta.agents.create({
      name: 'ticket-triage',
      model: 'claude-sonnet-5-5',
      system: prompt,
    });
    expect([first.version, first.id]).toEqual([1, expect.stringMatching(/^agent_/)]);
    const baseline = await score(client, first, environment.id);
    expect(baseline).toBe(4);

    const second = await client.beta.agents.update(first.id, {
      version: first.version,
      system: prompt + rule,
    });
    expect(second.version).toBe(2);
    await score(client, second, environment.id);

    const rolledBack = await score(client, { id: first.id, version: 1 }, environment.id);
    expect(rolledBack).toBe(baseline);

    const versions = [];
    for await (const version of client.beta.agents.versions.list(first.id)) versions.push(version.version);
    expect(versions).toEqual([2, 1]);
    const perVersion = async (agent_version: number) => {
      const query = { agent_id: first.id, agent_version, include_archived: true };
      return (await client.beta.sessions.list(query)).data.length;
    };
    expect([await perVersion(1), await perVersion(2)]).toEqual([8, 4]);

    expect((await client.beta.agents.archive(first.id)).archived_at).not.toBeNull();
    expect((await client.beta.environments.archive(environment.id)).archived_at).not.toBeNull();
  });
});
