import { setTimeout as wait } from 'node:timers/promises';
import { type Client, open } from './client.ts';
import { checkScore, prepareEval, untilOver } from './evals.ts';
import type { Subject } from './servers.ts';

/** What a soak does: each lane is done over and over, side by side with the others. */
export type Load = {
  readonly lanes: readonly (() => Promise<void>)[];
  /** Looks whether all is as it has to be at the end. */
  finish(): Promise<void>;
};

const alias = 'live';
const customers = 500;
const evalCases = 100;
const perTalker = 3;
const pauseMs = 200;
const patienceMs = 60_000;

/** Sets the stage on a server: an agent whose alias has a rollout under way, one with a tool, and an eval. */
export async function prepareSoak(subject: Subject, client: Client): Promise<Load> {
  const { id: evalId, agent } = await prepareEval(subject, { cases: evalCases, concurrency: 4 });
  const rollout = await startRollout(client, agent);
  const environment = String((await client.json('POST', '/v1/environments', { name: 'soak' }))['id']);
  const armed = await client.json('POST', '/v1/agents', {
    ...{ name: 'armed', model: 'claude-bench', system: 'Look it up first.' },
    tools: [{ type: 'custom', name: 'look_up', description: 'Looks.', input_schema: { type: 'object' } }],
  });
  let ticket = 1;
  let newest: string | null = null;

  /** A session of a few turns. Every second one is archived, and every tenth deleted. */
  async function talk(reference: string): Promise<void> {
    const number = ticket++;
    const metadata = { targeting_key: `customer ${number % customers}` };
    const place = { agent: reference, environment };
    const conversation = await open(subject, client, place, { fields: { metadata } });
    newest = conversation.id;
    try {
      for (let turn = 0; turn < perTalker; turn++) await conversation.say(number + turn);
    } finally {
      conversation.close();
    }
    const path = `/v1/sessions/${conversation.id}`;
    if (number % 2 === 0) await client.json('POST', `${path}/archive`);
    if (number % 10 === 1) await client.json('DELETE', path);
    await wait(pauseMs);
  }

  async function listenForAWhile(): Promise<void> {
    const path = newest === null ? '/v1/sessions' : `/v1/sessions/${newest}/events/stream`;
    const stream = await client.open('GET', path);
    // The newest session may have been deleted meanwhile.
    if (stream.statusCode !== 200 && stream.statusCode !== 404) {
      throw new Error(`A stream was answered with ${stream.statusCode}`);
    }
    stream.on('error', () => {}).resume();
    await wait(pauseMs);
    stream.destroy();
  }

  async function evaluate(): Promise<void> {
    const run = await client.json('POST', '/pawl/v1/eval_runs', { eval: evalId, fresh: true });
    checkScore(await untilOver(subject, String(run['id'])), evalCases);
  }

  async function look(): Promise<void> {
    await client.json('GET', '/v1/sessions?limit=100&include_archived=true');
    await client.json('GET', `/pawl/v1/rollouts/${rollout}`);
    await wait(pauseMs);
  }

  const lanes = (count: number, lane: () => Promise<void>) => Array.from({ length: count }, () => lane);
  return {
    lanes: [
      ...lanes(6, () => talk(`${agent}@${alias}`)),
      ...lanes(3, () => talk(String(armed['id']))),
      ...lanes(2, listenForAWhile),
      ...[evaluate, look],
    ],
    async finish() {
      const { status, looks, evidence } = await client.json('GET', `/pawl/v1/rollouts/${rollout}`);
      const { units } = evidence as { units: { control: number; canary: number } };
      if (status !== 'running' || looks === 0 || units.canary === 0 || units.control === 0) {
        throw new Error(`The rollout is ${status} after ${looks} looks, with ${JSON.stringify(units)}`);
      }
    },
  };
}

/** A promotion from the first version of an agent to one that differs in its name alone, and its rollout. Gives its id. */
async function startRollout(client: Client, agent: string): Promise<string> {
  await client.json('POST', `/v1/agents/${agent}`, { version: 1, name: 'triage, renamed' });
  await client.json('POST', `/pawl/v1/agents/${agent}/aliases/${alias}`, { version: 1, from: null });
  const { id: evalId } = await client.json('POST', '/pawl/v1/evals', {
    ...{ name: 'gate', agent, dataset: 'tickets', reply: { json: 'team' }, scorers: ['exact'] },
    gate: { max_lost_cases: 0 },
  });
  const asked = { agent_id: agent, alias, version: 2, eval: evalId };
  const { id } = await client.json('POST', '/pawl/v1/promotions', asked);
  const end = performance.now() + patienceMs;
  for (;;) {
    const { evidence, blockers } = await client.json('GET', `/pawl/v1/promotions/${id}`);
    if ((blockers as unknown[]).length === 0) break;
    if (performance.now() > end) {
      throw new Error(`The promotion lacks ${JSON.stringify(blockers)}: ${JSON.stringify(evidence)}`);
    }
    await wait(pauseMs);
  }
  const started = await client.json('POST', '/pawl/v1/rollouts', {
    promotion_id: id,
    steps: [{ weight: 20, min_seconds: 30 * 86_400 }, { weight: 100 }],
    ...{ guardrails: [{ metric: 'failures' }], signals: [], look_seconds: 1 },
    scorers: [{ name: 'brief', sample: 0.5, scorer: { type: 'regex', pattern: '^.{0,200}$' } }],
  });
  return String(started['id']);
}
