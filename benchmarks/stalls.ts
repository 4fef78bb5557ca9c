import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { createClient, prepare, runCase } from './client.ts';
import type { FakeModel } from './fake-model.ts';
import { startFilled } from './growth.ts';
import { median, sideBySide } from './measure.ts';
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
    const found: { loaded: Pings; floor: Pings; quiet: Pings }[] = [];
    for (let round = 0; round < rounds; round++) {
      await load(floor, stretchMs);
      const ofFloor = await ask();
      await load(subject, stretchMs);
      const loaded = await ask();
      await wait(stretchMs);
      found.push({ floor: ofFloor, loaded, quiet: await ask() });
    }
    const stored = `${sessions.toLocaleString('en')} sessions`;
    const floorNote = `; floor ${figure(found.map((one) => longest(one.floor.floor).total))} ms`;
    return [
      ...rowsOf(
        found.map(({ loaded }) => loaded),
        { scenario: `${stored}, ${concurrency} cases and a list at a time`, note: floorNote },
      ),
      ...rowsOf(
        found.map(({ quiet }) => quiet),
        { scenario: `${stored}, in quiet`, note: '' },
      ),
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

const figure = (values: readonly number[]): string => median(values).toFixed(1);
const longest = (pings: readonly Ping[], by: keyof Ping = 'total'): Ping =>
  pings.toSorted((a, b) => b[by] - a[by])[0] ?? { total: Number.NaN, busy: Number.NaN, crowded: Number.NaN };

function rowsOf(seen: readonly Pings[], { scenario, note }: Pick<Row, 'scenario' | 'note'>): Row[] {
  const worst = seen.map(({ pawl }) => longest(pawl));
  const parts = `${figure(worst.map(({ busy }) => busy))} at work, ${figure(worst.map(({ crowded }) => crowded))} in want of a processor`;
  const control = figure(seen.map((one) => longest(one.control).total));
  return [
    {
      ...{ id: 'P10', scenario, metric: 'longest wait for a small request, ms', target: 50, fail_above: 200 },
      values: worst.map(({ total }) => total),
      note: `${parts}; at a server that does nothing ${control} ms${note}`,
    },
    {
      ...{ id: 'P10', scenario, metric: 'most work before a small request, ms', target: 50, fail_above: 200 },
      values: seen.map(({ pawl }) => longest(pawl, 'busy').busy),
      note: 'CPU of the main thread from the request to its answer',
    },
  ];
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
