import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { percent, wholeWeight } from '../src/core/assignment.ts';
import { createRandom, randomBelow } from '../src/stats/random.ts';
import { aliasOfLatest, aliasOfSecond, type Place, prepareAliases } from './alias-price.ts';
import { type Client, createClient } from './client.ts';
import type { FakeModel } from './fake-model.ts';
import { middleMean, type Ratio, ratioOf, sideBySide, takeSlices } from './measure.ts';
import type { Row } from './report.ts';
import { type Subject, startPawl, threadsMs } from './servers.ts';

const concurrency = 16;
/** Few, so that the slices of one turn meet the same machine; a slice is then some 10 ms. */
const sessionsOfSlice = 32;
const slicesOfRound = 400;
/** How many aliases of each agent there are of each kind. */
const aliasesOfWay = 11;
const canaryWeight = 1000;

/**
 * What the alias has by which a session is made: nothing, and nothing again, which says how far the figures can be
 * trusted; no rollout, while one session of ten goes by an alias for another version; and a rollout.
 */
const ways = ['alone', 'again', 'versions', 'rollout'] as const;
type Way = (typeof ways)[number];

/**
 * F2: what a session costs more whose alias has a rollout under way: the decision, the four fields that are kept of it,
 * the pages of a second version in indexes, and the line in the log. Not the counting; that is F3.
 */
export async function rolloutPrice(model: FakeModel, rounds: number): Promise<Row[]> {
  const { subject, place } = await startWithRollouts(model);
  const client = createClient(subject);
  try {
    const slices = { slices: slicesOfRound, calls: sessionsOfSlice, cpu: () => threadsMs(subject.pid) };
    const roundOf = () => takeSlices(ways, slices, (way) => makeSessions(client, place, way));
    await roundOf();
    const done: Record<Way, number>[][] = [];
    for (let round = 0; round < rounds; round++) done.push(await roundOf());
    const all = done.flat();
    const price = (way: Way): string => middleMean(all.map((cost) => cost[way])).toFixed(3);
    const ratio = (way: Way): string => told(ratioOf(all, way, 'alone'));
    return [
      {
        id: 'F2',
        scenario: `create by alias, a canary of ${percent(canaryWeight)} %, ${concurrency} at a time`,
        metric: 'CPU with a rollout ÷ without',
        values: done.map((costs) => ratioOf(costs, 'rollout', 'alone').value),
        target: 1.05,
        fail_above: 1.1,
        note: [
          `all slices: ${ratio('rollout')}; two versions without a rollout ${ratio('versions')}`,
          `the same twice ${ratio('again')}`,
          `ms of CPU: with ${price('rollout')}, without ${price('alone')}; the log goes to a file`,
        ].join('; '),
      },
    ];
  } finally {
    client.close();
    await subject.dispose();
  }
}

const told = ({ value, low, high }: Ratio): string =>
  `${value.toFixed(3)} (95 %: ${low.toFixed(3)} to ${high.toFixed(3)})`;

/** A server on which every third alias of those that stand for the latest version gives some a version before it. */
async function startWithRollouts(model: FakeModel): Promise<{ subject: Subject; place: Place }> {
  const first = await startPawl(model.url);
  const client = createClient(first);
  const place = await prepareAliases(client);
  client.close();
  await first.kill('SIGTERM');
  const db = new Sqlite(join(first.folder, 'pawl.db'));
  const begin = db.prepare(
    `update aliases set rollout_id = 'roll_' || substr(agent_id, 7), canary_salt = agent_id || name,
      canary_version = version - 1, canary_weight = ? where name = ?`,
  );
  for (let n = 0; n < aliasesOfWay; n++) begin.run(canaryWeight, aliasOf('rollout', n));
  db.close();
  const subject = await startPawl(model.url, { folder: first.folder, logLevel: 'info' });
  return { subject, place };
}

/** The alias for the `n`th session of a way, among those of that way. */
function aliasOf(way: Way, n: number): string {
  const index = n % aliasesOfWay;
  if (way === 'versions' && randomBelow(random, wholeWeight) < canaryWeight) return aliasOfSecond(index);
  return aliasOfLatest(3 * index + placeOf[way]);
}

/** Which of three aliases that stand side by side is a way's own. */
const placeOf = { alone: 0, again: 1, versions: 0, rollout: 2 } as const;

const random = createRandom(1);
let keys = 0;

async function makeSessions(client: Client, { agents, environment }: Place, way: Way): Promise<void> {
  await sideBySide(sessionsOfSlice, concurrency, async (n) => {
    const session = await client.json('POST', '/v1/sessions', {
      agent: `${agents[n % agents.length]}@${aliasOf(way, n)}`,
      environment_id: environment,
      // Another customer each time: the same few might all be in the canary, or none.
      metadata: { targeting_key: `customer ${keys++ % 100_000}` },
    });
    const decided = (session['pawl'] as { rollout: unknown }).rollout !== null;
    if (decided !== (way === 'rollout')) throw new Error(`A session of ${way} says otherwise`);
  });
}
