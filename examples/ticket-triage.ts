/*
 * A prompt is measured, changed, measured again and rolled back, against a running server. Tickets run side by
 * side, each in a session of its own, and each session is waited for on its event stream.
 *
 *   ANTHROPIC_BASE_URL=http://127.0.0.1:7295 ANTHROPIC_API_KEY=sk-pawl-… npx node examples/ticket-triage.ts [tickets.jsonl]
 */
import { readFileSync } from 'node:fs';
import Anthropic from '@anthropic-ai/sdk';

type Ticket = { id: string; subject: string; body: string; team: string; priority: string };

const bundled = new URL('../src/cli/tutorial/tickets.jsonl', import.meta.url);
const model = process.env['COOKBOOK_MODEL'] ?? 'claude-sonnet-4-6';
const sideBySide = 10;

const prompt = `You sort the support tickets of a company that sells a usage-billed API.
Answer with one line of raw JSON and nothing around it, neither prose nor code fences:
{"team": "<billing|auth|api-platform|dashboard>", "priority": "<P1|P2|P3>"}
Choose the team by what the customer needs solved, not by the words that stand out.`;

const rule = `ROUTING RULE: Whenever a ticket mentions API usage, rate limits, quotas or request volume, send it to
api-platform. This rule comes first: do not weigh the rest of the ticket against it.`;

// ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY say where the server is and who calls.
const client = new Anthropic();

const tickets = readFileSync(process.argv[2] ?? bundled, 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => JSON.parse(line) as Ticket);

const environment = await client.beta.environments.create({ name: 'ticket-triage-env' });
const first = await client.beta.agents.create({ name: 'ticket-triage', model, system: prompt });
const { id } = first;
console.log(`${id} is at version ${first.version}`);
const before = await score(first.version, tickets);

// An update makes a new version. Naming the one that it is based on keeps two people from overwriting each other.
const second = await client.beta.agents.update(id, {
  version: first.version,
  system: `${prompt}\n\n${rule}`,
});
console.log(`${id} is at version ${second.version}`);
const after = await score(second.version, tickets);

for (const team of [...new Set(tickets.map((ticket) => ticket.team))].sort()) {
  const [c1, c2] = [before, after].map((right) => count(right, team));
  const own = tickets.filter((ticket) => ticket.team === team).length;
  console.log(team);
  console.log(`  v${first.version}: ${c1}/${own}`);
  console.log(`  v${second.version}: ${c2}/${own}${(c2 ?? 0) < (c1 ?? 0) ? '  <-- regressed' : ''}`);
}

// Rolling back deploys nothing: sessions are opened at the old number again.
const billing = tickets.filter((ticket) => ticket.team === 'billing');
const again = await score(first.version, billing);
console.log(`billing tickets via version=${first.version}: ${again.size}/${billing.length} correct`);

await client.beta.agents.archive(id);
await client.beta.environments.archive(environment.id);
console.log('archived');

/** The tickets that a version sends to the right team. */
async function score(version: number, cases: readonly Ticket[]): Promise<Set<Ticket>> {
  const right = new Set<Ticket>();
  const waiting = [...cases];
  const worker = async (): Promise<void> => {
    for (let ticket = waiting.shift(); ticket !== undefined; ticket = waiting.shift()) {
      if ((await triage(version, ticket)) === ticket.team) right.add(ticket);
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, worker));
  return right;
}

/** Where a version sends a ticket. */
async function triage(version: number, { subject, body }: Ticket): Promise<string> {
  const session = await client.beta.sessions.create({
    agent: { type: 'agent', id, version },
    environment_id: environment.id,
  });
  // Opened before anything is sent, so that nothing is missed.
  const stream = await client.beta.sessions.events.stream(session.id);
  const text = `Subject: ${subject}\n\n${body}`;
  await client.beta.sessions.events.send(session.id, {
    events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
  });
  let reply = '';
  for await (const event of stream) {
    if (event.type === 'agent.message')
      reply += event.content.map((part) => ('text' in part ? part.text : '')).join('');
    if (event.type === 'session.error') console.error(`${session.id}: ${event.error.message}`);
    if (event.type === 'session.status_idle') break;
  }
  await client.beta.sessions.archive(session.id);
  return (JSON.parse(reply) as { team: string }).team;
}

function count(right: ReadonlySet<Ticket>, team: string): number {
  return [...right].filter((ticket) => ticket.team === team).length;
}
