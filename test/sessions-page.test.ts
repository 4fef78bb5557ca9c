import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startPawl } from './pawl.ts';
import { startNode } from './pawl-process.ts';
import { history, openSession, typesOf } from './story.ts';
import { callsIn, rested, resumed } from './tool-story.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/reference/sessions.md'), 'utf8');

test('The conversation of the page on sessions runs as it stands', async () => {
  const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((block) => block[1] ?? '');
  expect(blocks).toHaveLength(1);
  const pawl = await startPawl();
  const env = { ANTHROPIC_BASE_URL: pawl.url, ANTHROPIC_API_KEY: pawl.key };
  const args = ['--input-type=module-typescript', '--eval', blocks[0] ?? ''];
  const { code, stdout, stderr } = await startNode(args, { env, cwd: root }).finished;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('2026-11-20');
  const [session] = (await pawl.client.beta.sessions.list()).data;
  const events = await history(pawl.client, session?.id ?? '');
  expect(callsIn(events)).toMatchObject([{ name: 'look_up_invoice', input: { number: '1042' } }]);
  const [ended, ...asked] = ['span.model_request_end', ...rested];
  expect(typesOf(events)).toEqual([
    ...['user.message', ...resumed, 'agent.custom_tool_use', ended, ...asked],
    ...['user.custom_tool_result', ...resumed, 'agent.message', ended, ...asked],
  ]);
  await pawl.server.close();
});

test('What the page says of the shape of a budget is taken', async () => {
  const [text = ''] = /^\{ "budget".+$/m.exec(page) ?? [];
  const pawl = await startPawl({ model_prices: '*=1/1' });
  const agent = await pawl.client.beta.agents.create({ name: 'a', model: 'm' });
  const { id } = await pawl.client.beta.environments.create({ name: 'e' });
  const session = await openSession(pawl.client, { agent, environment_id: id }, JSON.parse(text) as object);
  expect(session).toMatchObject(JSON.parse(text) as object);
  await pawl.server.close();
});
