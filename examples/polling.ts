/*
 * The story of the tutorial in the plainest form, as it is written for the hosted service: one ticket at a time,
 * waiting for each by asking once a second. ticket-triage.ts is the same story as one would write it for use.
 *
 *   ANTHROPIC_BASE_URL=http://127.0.0.1:7295 ANTHROPIC_API_KEY=sk-pawl-… npx node examples/polling.ts tickets.jsonl
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';

type Ticket = { id: string; subject: string; body: string; team: string; priority: string };
type Verdict = { team?: string; priority?: string };

const [fixture] = process.argv.slice(2);
if (fixture === undefined) throw new Error('Name the file with the tickets');
if (!process.env['ANTHROPIC_API_KEY']) throw new Error('Set ANTHROPIC_API_KEY');

const MODEL = process.env['COOKBOOK_MODEL'] ?? 'claude-sonnet-4-6';
const client = new Anthropic();

// Create the agent (version 1)

const env = await client.beta.environments.create({ name: 'ticket-triage-env' });
const ENV_ID = env.id;

const V1_SYSTEM = `You sort the support tickets of a company that sells a usage-billed API.
Answer with one line of raw JSON and nothing around it, neither prose nor code fences:
{"team": "<billing|auth|api-platform|dashboard>", "priority": "<P1|P2|P3>"}
Choose the team by what the customer needs solved, not by the words that stand out.`;

let agent = await client.beta.agents.create({ name: 'ticket-triage', model: MODEL, system: V1_SYSTEM });
const AGENT_ID = agent.id;
console.log(`env=${ENV_ID}  agent=${AGENT_ID} v${agent.version}`);

// Load the labelled test set

const tickets = readFileSync(fixture, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Ticket);
const teams = [...new Set(tickets.map((t) => t.team))].sort();
console.log(`${tickets.length} tickets across ${teams.length} teams: ${teams.join(', ')}`);

// Score version 1

/** Run one ticket through a pinned agent version and return its verdict. */
async function triage(version: number, ticket: Ticket): Promise<Verdict> {
  const session = await client.beta.sessions.create({
    agent: { type: 'agent', id: AGENT_ID, version },
    environment_id: ENV_ID,
  });
  try {
    const prompt = `Subject: ${ticket.subject}\n\n${ticket.body}`;
    await client.beta.sessions.events.send(session.id, {
      events: [{ type: 'user.message', content: [{ type: 'text', text: prompt }] }],
    });
    const deadline = Date.now() + 60_000;
    while (Date.now() < deadline) {
      const events = (await client.beta.sessions.events.list(session.id)).data;
      if (events.at(-1)?.type === 'session.status_idle') {
        const messages = events.filter((e) => e.type === 'agent.message');
        const reply = messages.flatMap((e) => e.content.map((b) => ('text' in b ? b.text : ''))).join('');
        return JSON.parse(reply) as Verdict;
      }
      await sleep(1000);
    }
    throw new Error(`session ${session.id} did not idle within 60s`);
  } finally {
    await client.beta.sessions.archive(session.id).catch(() => {});
  }
}

/** Evaluate all tickets against the given version and return per-team accuracy. */
async function score(version: number): Promise<Map<string, [number, number]>> {
  const hits = new Map<string, [number, number]>();
  for (const t of tickets) {
    const pred = await triage(version, t);
    const [correct, total] = hits.get(t.team) ?? [0, 0];
    hits.set(t.team, [correct + (pred.team === t.team ? 1 : 0), total + 1]);
  }
  return hits;
}

const v1Scores = await score(1);
console.log('v1 results:');
for (const [team, [correct, total]] of [...v1Scores].sort()) {
  console.log(`  ${team.padEnd(14)} ${correct}/${total}`);
}

// Ship version 2

const V2_SYSTEM =
  V1_SYSTEM +
  '\n\nROUTING RULE: Whenever a ticket mentions API usage, rate limits, quotas or request volume, ' +
  'send it to api-platform. This rule comes first: do not weigh the rest of the ticket against it.';
agent = await client.beta.agents.update(AGENT_ID, { version: agent.version, system: V2_SYSTEM });
console.log(`agent ${AGENT_ID} now at v${agent.version}`);

// Score version 2

const v2Scores = await score(agent.version);

for (const [team, [c1, n1]] of [...v1Scores].sort()) {
  const [c2, n2] = v2Scores.get(team) ?? [0, 0];
  const flag = c2 < c1 ? '  <-- regressed' : '';
  console.log(team);
  console.log(`  v1: ${c1}/${n1}`);
  console.log(`  v2: ${c2}/${n2}${flag}`);
}

// Roll back

const billing = tickets.filter((t) => t.team === 'billing');
const rerun: (string | undefined)[] = [];
for (const t of billing) rerun.push((await triage(1, t)).team);
const right = rerun.filter((team) => team === 'billing').length;
console.log(`billing tickets via version=1: ${right}/${billing.length} correct`);

// Clean up

await client.beta.agents.archive(AGENT_ID);
await client.beta.environments.archive(ENV_ID);
console.log('archived');
