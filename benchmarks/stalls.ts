import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { createClient, prepare, runCase } from './client.ts';
import type { FakeModel } from './fake-model.ts';
import { startFilled } from './growth.ts';
import { median, quantile, sideBySide } from './measure.ts';
import type { Ping } from './pinger.ts';
import type { Row } from './report.ts';
import { type Subject, startFloor, startScript } from './servers.ts';

const sessions = 100_000;
const concurrency = 64;
const stretchMs = 10_000;

/**
 * P10: how long the event loop keeps others waiting with 100,000 sessions stored, under load and in quiet. It is seen
 * from outside: a process of its own sends small requests to Pawl, to the durable floor that gets the same load before
 * it, and to a server that does nothing.
 */
export async function stalls(model: FakeModel, rounds: number): Promise<Row[]> {
  const { subject } = await startFilled(model, { sessions });
  const floor = await startFloor(model.url);
  const control = await startScript('benchmarks/pinger.ts', 'control');
  const pinged = [subject, floor, control].map(({ pid, url }) => `${pid}@${url}`);
  const pinger = fork('benchmarks/pinger.ts', ['ping', ...pinged]);
  const ask = async (): Promise<Pings> => {
    const answered = once(pinger, 'message', { signal: AbortSignal.timeout(10_000) });
    pinger.send('report');
    const [[ofPawl, ofFloor, ofControl]] = (await answered) as [[Ping[], Ping[], Ping[]]];
    return { pawl: ofPawl, floor: ofFloor, control: ofControl };
  };
  try {
    await load(subject, 2000);
    const found = { load: [] as Pings[], quiet: [] as Pings[] };
    for (let round = 0; round < rounds; round++) {
      await load(floor, stretchMs);
      const beside = await ask();
      await load(subject, stretchMs);
      found.load.push({ ...(await ask()), floor: beside.floor });
      await wait(stretchMs);
      found.quiet.push({ ...(await ask()), floor: [] });
    }
    const stored = `${sessions.toLocaleString('en')} sessions`;
    return [
      rowOf(found.load, `${stored}, ${concurrency} cases and a list at a time`),
      rowOf(found.quiet, `${stored}, in quiet`),
    ];
  } finally {
    pinger.kill();
    await control.dispose();
    await floor.dispose();
    await subject.dispose();
  }
}

/** What was seen of each server in one stretch. */
type Pings = Readonly<Record<'pawl' | 'floor' | 'control', readonly Ping[]>>;

const among = (pings: readonly Ping[], by: keyof Ping, share: number): number =>
  quantile(
    pings.map((ping) => ping[by]),
    share,
  );
const longest = (pings: readonly Ping[], by: keyof Ping): number => among(pings, by, 1);

function rowOf(seen: readonly Pings[], scenario: string): Row {
  const middle = (server: keyof Pings, by: keyof Ping): string =>
    median(seen.map((pings) => longest(pings[server], by))).toFixed(1);
  const most = median(seen.map(({ pawl }) => among(pawl, 'stalled', 0.99))).toFixed(1);
  const floor = (seen[0]?.floor.length ?? 0) === 0 ? '' : `floor ${middle('floor', 'stalled')}, `;
  return {
    ...{ id: 'P10', scenario, metric: 'longest stall, processors aside, ms', target: 50, fail_above: 200 },
    values: seen.map(({ pawl }) => longest(pawl, 'stalled')),
    note: `99 of 100 within ${most}; at work ${middle('pawl', 'busy')} at most; ${floor}a server that does nothing ${middle('control', 'stalled')}; by the clock ${middle('pawl', 'total')} and ${middle('control', 'total')}`,
  };
}

const lists = { pawl: '/v1/sessions?limit=100&include_archived=true', floor: '/sessions' } as const;

let nextTicket = 1;

/** Runs cases for so long, and reads lists beside them. */
async function load(subject: Subject, ms: number): Promise<void> {
  const client = createClient(subject);
  const place = await prepare(subject, client);
  const end = performance.now() + ms;
  const list = async (): Promise<void> => {
    while (performance.now() < end) {
      await client.json('GET', lists[subject.name]);
      await wait(20);
    }
  };
  const cases = sideBySide(concurrency, concurrency, async () => {
    while (performance.now() < end) await runCase(subject, client, place, nextTicket++);
  });
  await Promise.all([cases, list()]).finally(() => client.close());
}
