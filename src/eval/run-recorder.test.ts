import { beforeEach, describe, expect, test } from 'vitest';
import { findEvalRun, insertEvalRun, listEvalResultsOf, updateEvalRun } from '../store/eval-runs.ts';
import { openSeeded, sampleResult, sampleRun } from '../store/evals.testsuite.ts';
import type { RunCounts } from './result.ts';
import { createRecorder, type NewResult, SupersededError } from './run-recorder.ts';
import { noCounts } from './runner.ts';

const opened = openSeeded('SQLite');
let commits = 0;
let runs = 0;
let runId: string;
let outcomes: string[];

beforeEach(async () => {
  runId = `erun_${++runs}`;
  commits = 0;
  outcomes = [];
  await opened.store.write((tx) => insertEvalRun(tx, sampleRun(runId, { attempt: 1 })));
});

function recorder(counts: RunCounts = noCounts(9)) {
  const run = { id: runId, attempt: 1 };
  return createRecorder({
    ...{ store: opened.store, run, counts, replays: false },
    onResult: (outcome) => outcomes.push(outcome),
    onCommit: () => commits++,
  });
}

type Given = {
  readonly value?: number | null;
  readonly cost_usd?: number | null;
  readonly judge_cost?: number | null;
  readonly reused?: true;
};

function done(position: number, { value = 1, cost_usd = 0.5, judge_cost, reused }: Given = {}): NewResult {
  const usage = { input_tokens: 4, output_tokens: 3, cache_read_tokens: 2, cache_write_tokens: 1 };
  const scored = {
    value,
    reason: null,
    hash: 'h',
    ...(judge_cost === undefined ? {} : { cost_usd: judge_cost }),
  };
  const outcome = {
    session_id: 's',
    reply: '',
    tool_calls: [],
    latency_ms: 1,
    usage,
    cost_usd,
    served_by: 'a/b',
  };
  return {
    row: sampleResult(runId, position),
    sheet: { scores: { exact: scored }, latency_ms: 1, cost_usd, tokens: 10 },
    outcome: {
      ...{ outcome, reading: { ok: true, value: '' }, clipped: false },
      reused_from: reused === true ? 'erun_0' : null,
    },
    had_error: false,
  };
}

function broken(position: number): NewResult {
  const row = sampleResult(runId, position, { status: 'error', scores: '{}' });
  return { row, sheet: null, outcome: null, had_error: false };
}

const stored = () =>
  listEvalResultsOf(
    opened.store.db,
    runId,
    Array.from({ length: 100 }, (_, position) => position),
  );
const storedCounts = async () =>
  JSON.parse((await findEvalRun(opened.store.db, runId))?.counts ?? '') as RunCounts;

describe('What is recorded', () => {
  test('is on disk with its counts when it is said to be, and what comes together is written together', async () => {
    const record = recorder();
    await Promise.all(Array.from({ length: 9 }, (_, position) => record.add(done(position))));
    expect(await stored()).toHaveLength(9);
    expect(record.counts).toMatchObject({ done: 9, errors: 0, scores: { exact: { sum: 9, count: 9 } } });
    expect(await storedCounts()).toEqual(record.counts);
    expect(commits).toBe(2);
  });

  test('counts what broke until it is done after all', async () => {
    const first = recorder();
    await Promise.all([first.add(broken(0)), first.add(broken(1)), first.add(done(2, { value: null }))]);
    expect(first.counts).toMatchObject({
      ...{ done: 1, errors: 2 },
      scores: { exact: { sum: 0, count: 0, unscored: 1 } },
    });
    const second = recorder(first.counts);
    await second.add({ ...done(0), had_error: true });
    await second.add({ ...broken(1), had_error: true });
    expect(await storedCounts()).toMatchObject({
      done: 2,
      errors: 1,
      scores: { exact: { sum: 1, count: 1 } },
    });
    expect((await stored()).map(({ status }) => status)).toEqual(['done', 'error', 'done']);
    expect(outcomes.toSorted()).toEqual(['done', 'done', 'error', 'error', 'error']);
  });

  test('adds up what this run has paid for, and nothing that it reused', async () => {
    const record = recorder();
    await record.add(done(0, { judge_cost: 0.25 }));
    await record.add(done(1, { reused: true }));
    await record.add(done(2, { reused: true, judge_cost: 2 }));
    expect(record.counts).toMatchObject({
      ...{ done: 3, reused: 2, cost_usd: 2.75, served_by: { 'a/b': 3 } },
      usage: { input_tokens: 4, output_tokens: 3, cache_read_tokens: 2, cache_write_tokens: 1 },
    });
    await record.add(done(3, { cost_usd: null, reused: true }));
    expect(record.counts.cost_usd).toBe(2.75);
    await Promise.all([record.pay(0.5), record.add(done(4, { cost_usd: 1 }))]);
    expect(record.counts).toMatchObject({ done: 5, cost_usd: 4.25 });
    expect(await storedCounts()).toEqual(record.counts);
    await record.add(done(5, { cost_usd: null }));
    await record.add(done(6));
    expect(record.counts.cost_usd).toBeNull();
  });
});

describe('A recorder whose run somebody else has taken on', () => {
  test('says so to all who wait, and writes and counts nothing', async () => {
    const record = recorder();
    await record.add(done(0));
    const before = record.counts;
    await opened.store.write((tx) => updateEvalRun(tx, { id: runId, attempt: 1 }, { attempt: 2 }));
    const late = await Promise.allSettled([record.add(done(1)), record.add(done(2)), record.add(broken(3))]);
    for (const result of late) {
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(SupersededError) });
    }
    expect(await stored()).toHaveLength(1);
    expect([record.counts, await storedCounts()]).toEqual([before, before]);
    expect(commits).toBe(1);
  });
});
