/*
 * A service that sorts tickets by the version that its repository pins. A new pin is in force with the next request:
 * nothing is built and nothing is restarted.
 *
 *   ANTHROPIC_BASE_URL=http://127.0.0.1:7295 ANTHROPIC_API_KEY=sk-pawl-… npx node examples/pinned-service.ts [pawl.pins.yaml]
 *   curl --data 'I was charged twice.' http://127.0.0.1:…/
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import Anthropic from '@anthropic-ai/sdk';
// In a project of your own: import { openPins } from 'pawl/pins';
import { openPins } from '../src/pin/open-pins.ts';

const pins = openPins(process.argv[2], {
  onError: (error) => console.error(`pins stay as they were: ${error.message}`),
});
const client = new Anthropic();
const environment = await client.beta.environments.create({ name: 'pinned-service' });

const server = createServer((request, response) => {
  const agent = pins.get('ticket-triage');
  text(request)
    .then(async (message) => response.end(`version ${agent.version}: ${await ask(agent, message)}\n`))
    .catch((error: unknown) => {
      console.error(error);
      response.writeHead(500).end();
    });
});
server.listen(0, '127.0.0.1', () => {
  console.log(`listens on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

/** What a version answers to one message. */
async function ask(agent: Anthropic.Beta.SessionCreateParams['agent'], message: string): Promise<string> {
  const session = await client.beta.sessions.create({ agent, environment_id: environment.id });
  const stream = await client.beta.sessions.events.stream(session.id);
  await client.beta.sessions.events.send(session.id, {
    events: [{ type: 'user.message', content: [{ type: 'text', text: message }] }],
  });
  let reply = '';
  for await (const event of stream) {
    if (event.type === 'agent.message')
      reply += event.content.map((part) => ('text' in part ? part.text : '')).join('');
    if (event.type === 'session.status_idle') break;
  }
  await client.beta.sessions.archive(session.id);
  return reply;
}
