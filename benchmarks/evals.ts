import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createClient } from './client.ts';
import { type FakeModel, verdict } from './fake-model.ts';
import { median } from './measure.ts';
import type { Row } from './report.ts';
import { benchKey, runNode, type Subject, startPawl } from './servers.ts';

/** How large an eval is. `model_ms` is what the model takes before its first byte. */
type Load = {
  readonly cases: number;
  readonly concurrency: number;
  readonly model_ms: number;
  /** Whether the SDK's calls alone are measured as well. */
  readonly beside_sdk?: true;
};

/** What one eval took. Times in ms, process start included. */
type Measured = { readonly wall: number; readonly cpu_per_case: number; readonly rss_mb: number };

/** What promptfoo 0.123.1 takes for the same, measured in November 2026 on a like machine. */
const promptfoo = { E1: '4.5 s', E2: '18.8 s and 19 ms', E3: '60 × and 849 MB' } as const;

/**
 * E1 to E3: `pawl eval run` against a running server, beside the least that a durable runner can do, and for E3 beside
 * the calls of the official SDK alone.
 */
export async function evals(model: FakeModel, rounds: number): Promise<Row[]> {
  const small = await besideFloor(model, rounds, { cases: 20, concurrency: 20, model_ms: 500 });
  const medium = await besideFloor(model, rounds, { cases: 1000, concurrency: 64, model_ms: 50 });
  const large = await besideFloor(model, Math.min(rounds, 3), {
    cases: 10_000,
    concurrency: 64,
    model_ms: 0,
    beside_sdk: true,
  });
  const seconds = (all: readonly Pair[], side: 'floor' | 'pawl') => all.map((pair) => pair[side].wall / 1000);
  const floorNote = (all: readonly Pair[]) => `floor ${median(seconds(all, 'floor')).toFixed(2)} s`;
  return [
    {
      ...{ id: 'E1', scenario: '20 cases, model 500 ms, 20 at a time', metric: 'wall, s' },
      ...{ values: seconds(small, 'pawl'), target: 1.2, fail_above: 2 },
      note: `${floorNote(small)}; promptfoo ${promptfoo.E1}; one after the other, polling each second: 20.3 s`,
    },
    {
      ...{ id: 'E2', scenario: '1,000 cases, model 50 ms, 64 at a time', metric: 'wall, s' },
      ...{ values: seconds(medium, 'pawl'), target: 4, fail_above: 8 },
      note: `${floorNote(medium)}; promptfoo ${promptfoo.E2} of CPU per case`,
    },
    {
      ...{ id: 'E2', scenario: '1,000 cases, model 50 ms, 64 at a time' },
      metric: 'CPU per case of server and command, ms',
      ...{ values: medium.map(({ pawl }) => pawl.cpu_per_case), target: 4, fail_above: 8 },
      note: `floor ${median(medium.map(({ floor }) => floor.cpu_per_case)).toFixed(2)} ms`,
    },
    {
      ...{ id: 'E3', scenario: '10,000 cases, model 0 ms, 64 at a time', metric: 'wall ÷ the SDK alone' },
      ...{ values: large.map(({ sdk, pawl }) => pawl.wall / (sdk?.wall ?? 0)), target: 1.5, fail_above: 3 },
      note: `${seconds(large, 'pawl')
        .map((one) => one.toFixed(1))
        .join(
          ', ',
        )} s; the SDK alone ${median(large.map(({ sdk }) => sdk?.wall ?? 0).map((ms) => ms / 1000)).toFixed(1)} s; ${floorNote(large)}; promptfoo ${promptfoo.E3} of its floor`,
    },
    {
      ...{ id: 'E3', scenario: '10,000 cases, model 0 ms, 64 at a time', metric: 'resident, MB' },
      ...{ values: large.map(({ pawl }) => pawl.rss_mb), target: 300, fail_above: 450 },
      note: `the SDK alone ${median(large.map(({ sdk }) => sdk?.rss_mb ?? 0)).toFixed(0)} MB; floor ${median(large.map(({ floor }) => floor.rss_mb)).toFixed(0)} MB`,
    },
  ];
}

/** E4: the server is killed in the middle of an eval and started again; what was finished is not asked again. */
export async function evalKilled(model: FakeModel, rounds: number): Promise<Row[]> {
  const again: number[] = [];
  const cases = 1000;
  const concurrency = 32;
  for (let round = 0; round < rounds; round++) {
    const subject = await startPawl(`${model.url}/l/20`);
    const { id } = await prepareEval(subject, { cases, concurrency });
    const run = await call(subject, 'POST', '/pawl/v1/eval_runs', { eval: id });
    await untilHalfDone(subject, String(run['id']), cases);
    await subject.kill('SIGKILL');
    const revived = await startPawl(`${model.url}/l/20`, { folder: subject.folder });
    const finished = await untilOver(revived, String(run['id']));
    checkScore(finished, cases);
    const sessions = await countSessions(revived);
    // Sessions beyond one for each case are those that were under way when the server died.
    again.push(Math.max(0, sessions - cases - concurrency));
    await revived.dispose();
  }
  return [
    {
      ...{
        id: 'E4',
        scenario: 'SIGKILL at half of 1,000 cases, restart',
        metric: 'finished cases asked again',
      },
      ...{
        values: again,
        target: 0,
        fail_above: 0,
        note: `up to ${concurrency} were under way and are asked again`,
      },
    },
  ];
}

/**
 * E5: a hundred thousand cases are imported, run and compared. The second version differs in its name only, so that
 * its results are reused. Takes many minutes, and so runs only when it is named.
 */
export async function evalHuge(model: FakeModel): Promise<Row[]> {
  const cases = 100_000;
  const subject = await startPawl(model.url);
  let most = 0;
  const watching = setInterval(() => {
    most = Math.max(most, subject.rssMb());
  }, 200);
  try {
    const { id } = await prepareEval(subject, { cases, concurrency: 64 });
    const afterImport = most;
    const began = performance.now();
    const run = await call(subject, 'POST', '/pawl/v1/eval_runs', { eval: id });
    checkScore(await untilOver(subject, String(run['id'])), cases);
    const ran = performance.now();
    await call(subject, 'POST', `/v1/agents/${run['agent_id']}`, { name: 'renamed' });
    const { id: comparison } = await call(subject, 'POST', '/pawl/v1/comparisons', { eval: id });
    const done = await untilOver(subject, String(comparison), 'comparisons');
    if (done['verdict'] !== 'pass') throw new Error(`The verdict is ${done['verdict']}, and nothing changed`);
    const minutes = (from: number, to: number) => ((to - from) / 60_000).toFixed(1);
    return [
      {
        ...{ id: 'E5', scenario: '100,000 cases: import, run, compare', metric: 'resident at most, MB' },
        ...{ values: [most], target: 600, fail_above: 1200 },
        note: `${afterImport.toFixed(0)} MB after the import; run ${minutes(began, ran)} min, reuse and comparison ${minutes(ran, performance.now())} min`,
      },
    ];
  } finally {
    clearInterval(watching);
    await subject.dispose();
  }
}

type Pair = { readonly floor: Measured; readonly pawl: Measured; readonly sdk?: Measured };

async function besideFloor(model: FakeModel, rounds: number, load: Load): Promise<Pair[]> {
  const subject = await startPawl(`${model.url}/l/${load.model_ms}`);
  const folder = await mkdtemp(join(tmpdir(), 'pawl-eval-'));
  try {
    const { file } = await prepareEval(subject, load, folder);
    await measurePawl(subject, file, { ...load, cases: load.cases });
    const pairs: Pair[] = [];
    for (let round = 0; round < rounds; round++) {
      const floor = await measureFloor(model, load, join(folder, `floor-${round}.db`));
      const sdk = load.beside_sdk === true ? { sdk: await measureSdk(load) } : {};
      pairs.push({ floor, pawl: await measurePawl(subject, file, load), ...sdk });
    }
    return pairs;
  } finally {
    await subject.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureFloor(model: FakeModel, load: Load, file: string): Promise<Measured> {
  const args = ['benchmarks/floor-eval.ts', file, `${model.url}/l/${load.model_ms}`];
  const began = performance.now();
  const printed = await runNode([...args, String(load.cases), String(load.concurrency)]);
  const wall = performance.now() - began;
  const found = JSON.parse(printed.stdout) as { right: number; cpu_ms: number; rss_mb: number };
  if (found.right !== load.cases * 0.9) throw new Error(`The floor scored ${found.right} of ${load.cases}`);
  return { wall, cpu_per_case: found.cpu_ms / load.cases, rss_mb: found.rss_mb };
}

/** The SDK's calls for so many cases, against a server that does nothing. */
async function measureSdk({ cases, concurrency }: Load): Promise<Measured> {
  const idle = spawn(process.execPath, ['benchmarks/floor-sdk.ts', 'server'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [printed] = (await once(idle.stdout, 'data')) as [Buffer];
    const args = ['benchmarks/floor-sdk.ts', 'client', printed.toString().trim()];
    const began = performance.now();
    const { stdout } = await runNode([...args, String(cases), String(concurrency)]);
    const wall = performance.now() - began;
    const found = JSON.parse(stdout) as { cases: number; cpu_ms: number; rss_mb: number };
    if (found.cases !== cases) throw new Error(`The SDK alone did ${found.cases} of ${cases}`);
    return { wall, cpu_per_case: found.cpu_ms / cases, rss_mb: found.rss_mb };
  } finally {
    idle.kill();
  }
}

async function measurePawl(subject: Subject, file: string, load: Load): Promise<Measured> {
  const cpuBefore = subject.cpuMs();
  const began = performance.now();
  const args = ['dist/cli/pawl.js', 'eval', 'run', file, '--baseline', 'none', '--fresh', '-o', 'json'];
  const printed = await runNode([...args, '--url', subject.url]);
  const wall = performance.now() - began;
  const report = JSON.parse(printed.stdout) as { run: Record<string, unknown> };
  checkScore(report.run, load.cases);
  return {
    wall,
    cpu_per_case: (subject.cpuMs() - cpuBefore + printed.cpu_ms) / load.cases,
    rss_mb: subject.rssMb(),
  };
}

/** An agent, a dataset and an eval on a server; with a folder, the eval's file as well. */
export async function prepareEval(
  subject: Subject,
  { cases, concurrency }: Pick<Load, 'cases' | 'concurrency'>,
  folder?: string,
): Promise<{ id: string; agent: string; file: string }> {
  const agent = await call(subject, 'POST', '/v1/agents', {
    ...{ name: 'triage', model: 'claude-bench', system: 'Route the ticket.' },
  });
  const lines = Array.from({ length: cases }, (_, ticket) => {
    const { right } = verdict(ticket);
    return JSON.stringify({ id: `c${ticket}`, input: `ticket ${ticket}`, target: right, group: right });
  });
  const imported = await fetch(`${subject.url}/pawl/v1/datasets/import?name=tickets&format=jsonl`, {
    method: 'POST',
    headers: { 'x-api-key': benchKey, 'content-type': 'application/x-ndjson' },
    body: lines.join('\n'),
  });
  if (!imported.ok) throw new Error(`The import failed: ${await imported.text()}`);
  const definition = {
    ...{ name: 'bench', agent: agent['id'], dataset: 'tickets', reply: { json: 'team' } },
    ...{ scorers: ['exact'], epochs: 1, concurrency },
  };
  const made = await call(subject, 'POST', '/pawl/v1/evals', definition);
  const file = folder === undefined ? '' : join(folder, 'bench.yaml');
  if (folder !== undefined) await writeFile(file, JSON.stringify(definition));
  return { id: String(made['id']), agent: String(agent['id']), file };
}

async function call(
  subject: Subject,
  method: string,
  path: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const client = createClient(subject);
  try {
    return await client.json(method, path, body);
  } finally {
    client.close();
  }
}

type Counts = {
  readonly done: number;
  readonly scores: { readonly [name: string]: { readonly sum: number } };
};

const lookEveryMs = 50;
const patienceMs = 30 * 60_000;

async function untilHalfDone(subject: Subject, id: string, cases: number): Promise<void> {
  await until(subject, `eval_runs/${id}`, (run) => (run['counts'] as Counts).done >= cases / 2);
}

export async function untilOver(
  subject: Subject,
  id: string,
  list: 'eval_runs' | 'comparisons' = 'eval_runs',
): Promise<Record<string, unknown>> {
  return until(subject, `${list}/${id}`, ({ status }) => status !== 'running' && status !== 'pending');
}

async function until(
  subject: Subject,
  path: string,
  isIt: (run: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const run = await call(subject, 'GET', `/pawl/v1/${path}`);
    if (isIt(run)) return run;
    if (performance.now() > end) throw new Error(`${path} took too long: ${JSON.stringify(run)}`);
    await wait(lookEveryMs);
  }
}

/** The fake model is wrong on every tenth ticket, so that any other score shows a broken runner. */
export function checkScore(run: Record<string, unknown>, cases: number): void {
  const { done, scores } = run['counts'] as Counts;
  if (run['status'] === 'completed' && done === cases && scores['exact']?.sum === cases * 0.9) return;
  throw new Error(`The eval run did not end as it has to: ${JSON.stringify(run)}`);
}

async function countSessions(subject: Subject): Promise<number> {
  let count = 0;
  for (let page: string | null = ''; page !== null; ) {
    const path: string = `/v1/sessions?limit=100&include_archived=true&page=${page}`;
    const answer = await call(subject, 'GET', path);
    count += (answer['data'] as unknown[]).length;
    page = answer['next_page'] as string | null;
  }
  return count;
}
