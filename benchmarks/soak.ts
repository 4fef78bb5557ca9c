import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Client, createClient } from './client.ts';
import type { FakeModel } from './fake-model.ts';
import { median, quantile } from './measure.ts';
import type { Row } from './report.ts';
import { benchKey, type Subject, startPawl } from './servers.ts';
import { type Load, prepareSoak } from './soak-load.ts';

const sampleEveryMs = 10_000;
const modelMs = 20;
/** What memory does in the first part says how a server begins, not where it ends. */
const warmUpShare = 0.2;
/** A soak that fails everywhere is over. */
const mostErrors = 100;

/** How the server was at one moment. */
type Sample = {
  readonly minutes: number;
  readonly rss_mb: number;
  /** The JavaScript heap that is in use; null where the server does not tell. */
  readonly heap_mb: number | null;
  /** How much waits, by what it waits for. */
  readonly queues: Readonly<Record<string, number>>;
  readonly done: number;
  readonly errors: number;
};

/** What is done over and over, and what came of it. */
type Tally = { done: number; readonly errors: string[] };

/**
 * S2: a mixed load for so many minutes: sessions under a rollout, sessions whose tools are answered, streams opened and
 * closed, eval runs and lists. Memory may not grow, no queue may, and nothing may fail.
 */
export async function soak(model: FakeModel, minutes: number): Promise<Row[]> {
  const subject = await startPawl(`${model.url}/l/${modelMs}`, { logLevel: 'info' });
  const client = createClient(subject);
  const tally: Tally = { done: 0, errors: [] };
  try {
    const load = await prepareSoak(subject, client);
    const end = performance.now() + minutes * 60_000;
    const isOver = (): boolean => performance.now() >= end || tally.errors.length >= mostErrors;
    const lanes = Promise.all(load.lanes.map((lane) => runLane(lane, tally, isOver)));
    const samples = await watch({ subject, client, tally, isOver });
    await lanes;
    await load.finish();
    tally.errors.push(...errorsInLog(subject.folder));
    for (const message of new Set(tally.errors)) console.error(message);
    return rowsOf(samples, tally, minutes);
  } finally {
    client.close();
    await subject.dispose();
  }
}

async function runLane(lane: Load['lanes'][number], tally: Tally, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    try {
      await lane();
      tally.done++;
    } catch (error) {
      tally.errors.push(error instanceof Error ? error.message : String(error));
      await wait(1000);
    }
  }
}

type Watched = {
  readonly subject: Subject;
  readonly client: Client;
  readonly tally: Tally;
  readonly isOver: () => boolean;
};

async function watch({ subject, client, tally, isOver }: Watched): Promise<Sample[]> {
  const samples: Sample[] = [];
  const began = performance.now();
  for (let count = 1; !isOver(); count++) {
    await wait(Math.max(0, began + count * sampleEveryMs - performance.now()));
    const metrics = await readMetrics(subject);
    const sample = {
      minutes: (performance.now() - began) / 60_000,
      rss_mb: subject.rssMb(),
      heap_mb: (metrics.values.get('nodejs_heap_size_used_bytes') ?? Number.NaN) / 2 ** 20 || null,
      queues: { ...queuesIn(metrics), ...(await listedQueues(client)) },
      done: tally.done,
      errors: tally.errors.length,
    };
    samples.push(sample);
    console.error(said(sample));
  }
  return samples;
}

function said({ minutes, rss_mb, heap_mb, queues, done, errors }: Sample): string {
  const heap = heap_mb === null ? '' : `, heap ${heap_mb.toFixed(0)} MB`;
  const waiting = Object.entries(queues).map(([name, length]) => `${name} ${length}`);
  return `${minutes.toFixed(1)} min: ${rss_mb.toFixed(0)} MB${heap}; ${waiting.join(', ')}; ${done} done, ${errors} errors`;
}

/** What the server tells at `/metrics`, what has labels added up by name; empty where it has no such page. */
async function readMetrics({ url }: Subject): Promise<Metrics> {
  const answer = await fetch(`${url}/metrics`, { headers: { 'x-api-key': benchKey } });
  const text = answer.ok ? await answer.text() : '';
  const values = new Map<string, number>();
  for (const [, name = '', value] of text.matchAll(/^([a-z_]+)(?:\{.*\})? (\S+)/gm)) {
    values.set(name, (values.get(name) ?? 0) + Number(value));
  }
  const gauges = [...text.matchAll(/^# TYPE (pawl_[a-z_]+) gauge$/gm)].map(([, name = '']) => name);
  return { values, gauges };
}

type Metrics = { readonly values: ReadonlyMap<string, number>; readonly gauges: readonly string[] };

/** What is there at the moment, by the server's own account. */
function queuesIn({ values, gauges }: Metrics): Record<string, number> {
  return Object.fromEntries(gauges.map((name) => [name.replace('pawl_', ''), values.get(name) ?? 0]));
}

/** What lists tell: sessions in a turn, and eval runs under way. No list is longer than its page. */
async function listedQueues(client: Client): Promise<Record<string, number>> {
  const count = async (path: string, isIn: (one: { status: string }) => boolean): Promise<number> =>
    ((await client.json('GET', path))['data'] as { status: string }[]).filter(isIn).length;
  return {
    'running sessions': await count('/v1/sessions?limit=100&statuses[]=running', () => true),
    'eval runs': await count('/pawl/v1/eval_runs?limit=100', ({ status }) => /running|pending/.test(status)),
  };
}

function errorsInLog(folder: string): string[] {
  const lines = readFileSync(join(folder, 'server.log'), 'utf8').split('\n');
  return lines.filter((line) => /"level":"(error|warn)"/.test(line));
}

function rowsOf(samples: readonly Sample[], { done, errors }: Tally, minutes: number): Row[] {
  const kept = samples.slice(Math.floor(samples.length * warmUpShare));
  const halves = [
    kept.slice(0, Math.floor(kept.length / 2)),
    kept.slice(Math.floor(kept.length / 2)),
  ] as const;
  const of = (half: readonly Sample[], figure: (sample: Sample) => number): number =>
    median(half.map(figure));
  const names = Object.keys(samples.at(-1)?.queues ?? {});
  const growth = names.map((name) => {
    const length = ({ queues }: Sample): number => queues[name] ?? 0;
    return { name, more: of(halves[1], length) - of(halves[0], length) };
  });
  const worst = growth.toSorted((a, b) => b.more - a.more)[0];
  const rss = ({ rss_mb }: Sample): number => rss_mb;
  const scenario = `mixed load for ${minutes} min`;
  return [
    {
      ...{ id: 'S2', scenario, metric: 'resident, second half ÷ first half', target: 1.1, fail_above: 1.3 },
      values: [of(halves[1], rss) / of(halves[0], rss)],
      note: `${of(halves[1], rss).toFixed(0)} MB; ${(slope(kept, rss) * 60).toFixed(1)} MB an hour, without the first fifth`,
    },
    {
      ...{ id: 'S2', scenario, metric: 'longest growth of a queue', target: 10, fail_above: 50 },
      values: [worst?.more ?? Number.NaN],
      note: `${worst?.name}; of ${names.length} that were watched, second half less first half`,
    },
    {
      ...{ id: 'S2', scenario, metric: 'errors', values: [errors.length], target: 0, fail_above: 0 },
      note: `${done} pieces of work`,
    },
  ];
}

/** The slope per minute that most pairs of samples agree on: the median of all slopes between two (Theil 1950, Sen 1968). */
function slope(samples: readonly Sample[], figure: (sample: Sample) => number): number {
  const slopes = samples.flatMap((a, index) =>
    samples.slice(index + 1).map((b) => (figure(b) - figure(a)) / (b.minutes - a.minutes)),
  );
  return quantile(slopes, 0.5);
}
