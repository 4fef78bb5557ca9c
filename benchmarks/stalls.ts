import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { type Client, createClient, prepare, runCase } from './client.ts';
import type { FakeModel } from './fake-model.ts';
import { startFilled } from './growth.ts';
import { median, sideBySide } from './measure.ts';
import type { Pings } from './pinger.ts';
import type { Row } from './report.ts';
import { type Subject, startScript } from './servers.ts';

const sessions = 100_000;
const concurrency = 64;
const stretchMs = 10_000;

/**
 * P10: how long the event loop keeps others waiting with 100,000 sessions stored, under load and in quiet. It is seen
 * from outside: a process of its own sends small requests, to Pawl and to a server that does nothing beside it.
 */
export async function stalls(model: FakeModel, rounds: number): Promise<Row[]> {
  const { subject } = await startFilled(model, { sessions });
  const control = await startScript('benchmarks/pinger.ts', 'control');
  const pinger = fork('benchmarks/pinger.ts', ['ping', subject.url, control.url]);
  const client = createClient(subject);
  try {
    await load(subject, client, 2000);
    const found = { load: [] as Seen[], quiet: [] as Seen[] };
    for (let round = 0; round < rounds; round++) {
      await report(pinger);
      await load(subject, client, stretchMs);
      found.load.push(await report(pinger));
      await wait(stretchMs);
      found.quiet.push(await report(pinger));
    }
    const state = `${sessions.toLocaleString('en')} sessions`;
    return [
      rowOf(found.load, `${state}, ${concurrency} cases and a list at a time`),
      rowOf(found.quiet, `${state}, in quiet`),
    ];
  } finally {
    pinger.kill();
    client.close();
    await control.dispose();
    await subject.dispose();
  }
}

/** What the pinger saw of Pawl, and of the server that does nothing. */
type Seen = { readonly pawl: Pings; readonly control: Pings };

async function report(pinger: ChildProcess): Promise<Seen> {
  const answered = once(pinger, 'message', { signal: AbortSignal.timeout(10_000) });
  pinger.send('report');
  const [[pawl, control]] = (await answered) as [[Pings, Pings]];
  return { pawl, control };
}

function rowOf(seen: readonly Seen[], scenario: string): Row {
  const p999 = median(seen.map(({ pawl }) => pawl.p999)).toFixed(1);
  const control = median(seen.map((one) => one.control.longest)).toFixed(1);
  const count = seen.reduce((sum, { pawl }) => sum + pawl.count, 0);
  return {
    ...{ id: 'P10', scenario, metric: 'longest wait for a small request, ms' },
    values: seen.map(({ pawl }) => pawl.longest),
    ...{ target: 50, fail_above: 200 },
    note: `${count} requests, p99.9 ${p999} ms; at a server that does nothing the longest was ${control} ms`,
  };
}

let nextTicket = 1;

/** Runs cases for so long, and reads lists beside them. */
async function load(subject: Subject, client: Client, ms: number): Promise<void> {
  const place = await prepare(subject, client);
  const end = performance.now() + ms;
  const list = async (): Promise<void> => {
    while (performance.now() < end) {
      await client.json('GET', '/v1/sessions?limit=100&include_archived=true');
      await wait(20);
    }
  };
  const cases = sideBySide(concurrency, concurrency, async () => {
    while (performance.now() < end) await runCase(subject, client, place, nextTicket++);
  });
  await Promise.all([cases, list()]);
}
