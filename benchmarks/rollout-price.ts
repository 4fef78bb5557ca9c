import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { aliasOfLatest, type Place, prepareAliases } from './alias-price.ts';
import { type Client, createClient } from './client.ts';
import type { FakeModel } from './fake-model.ts';
import { median, sideBySide, takeTurns } from './measure.ts';
import type { Row } from './report.ts';
import { type Subject, startPawl, threadsMs } from './servers.ts';

const concurrency = 16;
const sessionsOfSlice = 100;
const slicesOfRound = 100;
/** How many aliases of each agent have a rollout, and how many others stand beside them. */
const aliasesOfWay = 16;
const canaryWeight = 1000;

/** What the alias has by which a session is made. */
const ways = ['alone', 'rollout'] as const;
type Way = (typeof ways)[number];

/**
 * F2: what a session costs more whose alias has a rollout under way: the decision, the four fields that are kept of it,
 * its place in the list of those not yet counted, and the line in the log. Not the counting; that is F3.
 */
export async function rolloutPrice(model: FakeModel, rounds: number): Promise<Row[]> {
  const { subject, place } = await startWithRollouts(model);
  const client = createClient(subject);
  try {
    const slices = { slices: slicesOfRound, calls: sessionsOfSlice, cpu: () => threadsMs(subject.pid) };
    const roundOf = () => takeTurns(ways, slices, (way) => makeSessions(client, place, way));
    await roundOf();
    const costs: Record<Way, number>[] = [];
    for (let round = 0; round < rounds; round++) costs.push(await roundOf());
    const price = (way: Way): string => median(costs.map((cost) => cost[way])).toFixed(3);
    return [
      {
        id: 'F2',
        scenario: `create by alias, a canary of ${canaryWeight / 100} %, ${concurrency} at a time`,
        metric: 'CPU with a rollout ÷ without',
        values: costs.map((cost) => cost.rollout / cost.alone),
        target: 1.05,
        fail_above: 1.1,
        note: `ms of CPU: with ${price('rollout')}, without ${price('alone')}; the log goes to a file`,
      },
    ];
  } finally {
    client.close();
    await subject.dispose();
  }
}

/** A server on which every second alias of those that stand for the latest version gives some a version before it. */
async function startWithRollouts(model: FakeModel): Promise<{ subject: Subject; place: Place }> {
  const first = await startPawl(model.url);
  const client = createClient(first);
  const place = await prepareAliases(client);
  client.close();
  await first.kill('SIGTERM');
  const db = new Sqlite(join(first.folder, 'pawl.db'));
  const begin = db.prepare(
    `update aliases set rollout_id = 'roll_bench', canary_salt = agent_id || name,
      canary_version = version - 1, canary_weight = ? where name = ?`,
  );
  for (let n = 0; n < aliasesOfWay; n++) begin.run(canaryWeight, aliasOf('rollout', n));
  db.close();
  const subject = await startPawl(model.url, { folder: first.folder, logLevel: 'info' });
  return { subject, place };
}

const aliasOf = (way: Way, n: number): string => aliasOfLatest(2 * (n % aliasesOfWay) + ways.indexOf(way));

async function makeSessions(client: Client, { agents, environment }: Place, way: Way): Promise<void> {
  await sideBySide(sessionsOfSlice, concurrency, async (n) => {
    const session = await client.json('POST', '/v1/sessions', {
      agent: `${agents[n % agents.length]}@${aliasOf(way, n)}`,
      environment_id: environment,
      metadata: { targeting_key: `customer ${n}` },
    });
    const decided = (session['pawl'] as { rollout: unknown }).rollout !== null;
    if (decided !== (way === 'rollout')) throw new Error(`A session of ${way} says otherwise`);
  });
}
