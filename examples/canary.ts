/*
 * The application's side of a canary. It names the alias and not a version, says whom a session is for, and says
 * afterwards what the session was worth; the server decides who gets which version, and what follows from the scores.
 *
 *   ANTHROPIC_BASE_URL=http://127.0.0.1:7295 ANTHROPIC_API_KEY=sk-pawl-… npx node examples/canary.ts agent_… [tickets.jsonl]
 */
import { readFileSync } from 'node:fs';
import Anthropic from '@anthropic-ai/sdk';

type Ticket = { subject: string; body: string; team: string };
/** What a Pawl server adds to a session: its version, and whether that is the canary. */
type Decided = { pawl?: { version: number; reason: 'alias' | 'canary' } };

const [agentId, file = new URL('../src/cli/tutorial/live-tickets.jsonl', import.meta.url)] =
  process.argv.slice(2);
const tickets = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => JSON.parse(line) as Ticket);

const client = new Anthropic();
const environment = await client.beta.environments.create({ name: 'canary' });
for (const [index, ticket] of tickets.entries()) await serve(`customer-${index + 1}`, ticket);
await client.beta.environments.archive(environment.id);

async function serve(customer: string, { subject, body, team }: Ticket): Promise<void> {
  // All sessions with one targeting key get the same version while a rollout is under way.
  const session = await client.beta.sessions.create({
    agent: `${agentId}@production`,
    environment_id: environment.id,
    metadata: { targeting_key: customer },
  });
  const reply = await ask(session.id, `Subject: ${subject}\n\n${body}`);
  await client.beta.sessions.archive(session.id);

  // Here somebody has solved the ticket. This may be days later: a score counts whenever it comes.
  const right = reply.includes(`"${team}"`);
  await client.post(`/pawl/v1/sessions/${session.id}/scores`, { body: { name: 'routed', value: right } });
  const { version, reason } = (session as Decided).pawl ?? {};
  console.log(`${customer}: version ${version} (${reason}), ${right ? 'right' : 'wrong'} team`);
}

/** What the agent answers to one message. */
async function ask(sessionId: string, message: string): Promise<string> {
  const stream = await client.beta.sessions.events.stream(sessionId);
  await client.beta.sessions.events.send(sessionId, {
    events: [{ type: 'user.message', content: [{ type: 'text', text: message }] }],
  });
  let reply = '';
  for await (const event of stream) {
    if (event.type === 'agent.message')
      reply += event.content.map((part) => ('text' in part ? part.text : '')).join('');
    if (event.type === 'session.status_idle') break;
  }
  return reply;
}
