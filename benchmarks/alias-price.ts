import { type Client, createClient } from './client.ts';
import type { FakeModel } from './fake-model.ts';
import { median, sideBySide, takeTurns } from './measure.ts';
import type { Row } from './report.ts';
import { startPawl, threadsMs } from './servers.ts';

const agents = 10;
/** As many as one agent may have. */
const aliasesOfEach = 100;
const versions = 3;
const concurrency = 16;
const sessionsOfSlice = 100;
const slicesOfRound = 40;

/** How the agent is named when a session is made: alone, with a number, with an alias, or alone where one decides. */
const ways = ['bare id', 'number', 'alias', 'default alias'] as const;
type Way = (typeof ways)[number];

/** Agents, and an environment for their sessions. */
export type Place = { readonly agents: readonly string[]; readonly environment: string };

/** A1: what it costs a session to find its version by an alias, where there are a thousand. */
export async function aliasPrice(model: FakeModel, rounds: number): Promise<Row[]> {
  const subject = await startPawl(model.url);
  const client = createClient(subject);
  try {
    const place = await prepareAliases(client);
    const slices = { slices: slicesOfRound, calls: sessionsOfSlice, cpu: () => threadsMs(subject.pid) };
    const roundOf = () => takeTurns(ways, slices, (way) => makeSessions(client, place, way));
    await roundOf();
    const costs: Record<Way, number>[] = [];
    for (let round = 0; round < rounds; round++) costs.push(await roundOf());
    const price = (way: Way): string => `${way} ${median(costs.map((cost) => cost[way])).toFixed(3)}`;
    return (['alias', 'default alias'] as const).map((way) => ({
      id: 'A1',
      scenario: `create, ${agents * aliasesOfEach} aliases, ${concurrency} at a time`,
      metric: `CPU by ${way} ÷ by bare id`,
      values: costs.map((cost) => cost[way] / cost['bare id']),
      target: 1.05,
      fail_above: 1.1,
      note: `ms of CPU: ${[way, 'bare id' as const, 'number' as const].map(price).join(', ')}`,
    }));
  } finally {
    client.close();
    await subject.dispose();
  }
}

/** Agents of several versions, each with as many aliases as it may have. One decides for every second agent. */
export async function prepareAliases(client: Client): Promise<Place> {
  const environment = await client.json('POST', '/v1/environments', { name: 'bench' });
  const made = await sideBySide(agents, 1, async (index) => {
    const system = (version: number): string => `Route the ticket, version ${version}.`;
    const { id } = await client.json('POST', '/v1/agents', {
      ...{ name: 'triage', model: 'claude-bench', system: system(1) },
    });
    for (let version = 1; version < versions; version++) {
      await client.json('POST', `/v1/agents/${id}`, { version, system: system(version + 1) });
    }
    const path = `/pawl/v1/agents/${id}`;
    await sideBySide(aliasesOfEach, concurrency, (n) =>
      client.json('POST', `${path}/aliases/${nameOf(n)}`, { version: 1 + (n % versions), from: null }),
    );
    const default_alias = index % 2 === 1 ? aliasOfLatest(aliasesOfEach / 2) : null;
    await client.json('POST', `${path}/settings`, { default_alias });
    return String(id);
  });
  return { agents: made, environment: String(environment['id']) };
}

/** The aliases that stand for the latest version, one after the other. */
export const aliasOfLatest = (n: number): string =>
  nameOf(versions - 1 + versions * (n % Math.floor(aliasesOfEach / versions)));

/** The aliases that stand for the version before it, in the same order. */
export const aliasOfSecond = (n: number): string =>
  nameOf(versions - 2 + versions * (n % Math.floor(aliasesOfEach / versions)));

const nameOf = (n: number): string => `alias_${String(n).padStart(3, '0')}`;

async function makeSessions(client: Client, { agents: ids, environment }: Place, way: Way): Promise<void> {
  await sideBySide(sessionsOfSlice, concurrency, (n) =>
    client.json('POST', '/v1/sessions', { agent: agentBy(way, ids, n), environment_id: environment }),
  );
}

/** All ways lead to the latest version of five agents, so that what is written down is the same. */
function agentBy(way: Way, ids: readonly string[], n: number): unknown {
  const pair = 2 * (n % (agents / 2));
  const id = ids[way === 'default alias' ? pair + 1 : pair] ?? '';
  if (way === 'number') return { type: 'agent', id, version: versions };
  return way === 'alias' ? `${id}@${aliasOfLatest(n)}` : id;
}
