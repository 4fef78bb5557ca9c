import { describe, expect, test } from 'vitest';
import type { PageRequest } from '../core/page.ts';
import { insertCases } from '../store/datasets.ts';
import { insertEvalRun, putEvalResults } from '../store/eval-runs.ts';
import { openSeeded, sampleResult, sampleRun } from '../store/evals.testsuite.ts';
import { type ComparedCaseFilter, createComparedCases } from './compared-cases.ts';
import type { ComparisonSummary } from './comparisons.ts';
import type { EvalRun } from './result.ts';

/*
 * The goal: the cases of a comparison come in the order of what somebody has to look at, and are found by what became of them.
 * The method: results of two runs in a store, and lists of them page by page.
 */

/** Values of the epochs on both sides; null where the scorer could not tell. */
type Scored = readonly [baseline: readonly (number | null)[], candidate: readonly (number | null)[]];

const cases: Readonly<Record<string, Scored & { readonly group?: string; readonly must_pass?: boolean }>> = {
  kept: [
    [1, 1],
    [1, 1],
  ],
  slower: [
    [1, 1],
    [0.6, 0.6],
  ],
  gained: [
    [0, 0],
    [1, 1],
  ],
  lost: Object.assign(
    [
      [1, 1],
      [0, 0],
    ] as const,
    { group: 'billing' },
  ),
  'Lost too': Object.assign(
    [
      [1, 1, 1],
      [0, 0, 1],
    ] as const,
    { group: 'billing', must_pass: true },
  ),
  unknown: [[1], [null]],
  wrong: Object.assign([[0], [0]] as const, { group: 'billing' }),
  mixed: [
    [1, 0],
    [1, 0],
  ],
};

describe('The cases of a comparison', () => {
  const opened = openSeeded('memory');
  let reads = 0;

  const runOf = (id: string): EvalRun =>
    ({
      ...{ id, dataset_revision_id: 'drev_seed', ended_at: '2026-01-01' },
      plan: {
        dataset: { cases: Object.keys(cases).length },
        scorers: [{ name: 'exact' }, { name: 'other' }],
      },
    }) as unknown as EvalRun;

  async function seed() {
    const sheet = (value: number | null) =>
      JSON.stringify({
        scores: { exact: { value, reason: null, hash: 'h' } },
        latency_ms: 8,
        cost_usd: null,
        tokens: 3,
      });
    await opened.store.write(async (tx) => {
      for (const [i, id] of ['erun_old', 'erun_new'].entries()) {
        await insertEvalRun(tx, sampleRun(id));
        for (const [position, [case_id, scored]] of Object.entries(cases).entries()) {
          const values = scored[i] ?? [];
          const results = values.map((value, epoch) =>
            sampleResult(id, position, { case_id, epoch: epoch + 1, scores: sheet(value) }),
          );
          await putEvalResults(tx, results);
        }
      }
      const rows = Object.entries(cases).map(([id, { group = null, must_pass = false }], position) => {
        const body = { id, input: id, target: null, group, cluster: null, weight: 1, must_pass };
        return { revision_id: 'drev_seed', position, case_id: id, hash: id, body: JSON.stringify(body) };
      });
      await insertCases(tx, rows);
    });
  }

  const comparison = {
    ...{ id: 'cmp_1', status: 'completed', verdict: 'fail', error: null, gate: { metrics: ['exact'] } },
    ...{ baseline: runOf('erun_old'), candidate: runOf('erun_new') },
  } as unknown as ComparisonSummary;

  const listed = () =>
    createComparedCases({
      store: {
        ...opened.store,
        get db() {
          reads++;
          return opened.store.db;
        },
      },
      comparisons: {
        summary: async (id) => (id === 'cmp_1' ? comparison : { ...comparison, verdict: null }),
      },
    });

  const request = (limit: number, after?: number): PageRequest => ({
    ...{ list: { name: 'any', key: ['number'], backwards: false }, limit, order: 'asc' },
    cursor: after === undefined ? null : { list: 'any', order: 'asc', direction: 'next', key: [after] },
  });

  test('come with those that turned first, then the worst, and are found by what became of them', async () => {
    await seed();
    const { list } = listed();
    const read = async (filter: Partial<ComparedCaseFilter>, limit = 50) => {
      const page = await list('cmp_1', { sort: 'flips', ...filter }, request(limit));
      return { ...page, ids: page.data.map(({ case_id }) => case_id) };
    };
    const all = await read({});
    expect(all.ids).toEqual(['Lost too', 'lost', 'gained', 'unknown', 'slower', 'wrong', 'mixed', 'kept']);
    expect(all).toMatchObject({ metric: 'exact', total: 8, next_page: null });
    expect(all.outcomes).toEqual({ lost: 2, gained: 1, unscored: 1, wrong: 1, mixed: 1, right: 2 });
    expect(all.data[0]).toEqual({
      ...{ case_id: 'Lost too', group: 'billing', must_pass: true, outcome: 'lost', damage: 1 - 1 / 3 },
      baseline: { score: 1, passes: 3, epochs: 3, errors: 0, latency_ms: 8, tokens: 3, cost_usd: null },
      candidate: { score: 1 / 3, passes: 1, epochs: 3, errors: 0, latency_ms: 8, tokens: 3, cost_usd: null },
    });
    expect(all.data[3]).toMatchObject({ damage: null, candidate: { score: null, epochs: 0 } });
    expect((await read({ sort: 'dataset' })).ids).toEqual(Object.keys(cases));
    const found = await read({ outcomes: ['lost'], group: 'billing', search: 'LOST' });
    expect(found).toMatchObject({ ids: ['Lost too', 'lost'], total: 2, outcomes: { lost: 2, wrong: 0 } });
    expect((await read({ group: null })).total).toBe(5);
    const first = await read({}, 3);
    expect(first).toMatchObject({ ids: ['Lost too', 'lost', 'gained'], total: 8 });
    const next = await list('cmp_1', { sort: 'flips', search: 'n' }, request(2, 2));
    expect(next.data.map(({ case_id }) => case_id)).toEqual(['unknown', 'wrong']);
    expect((await read({ metric: 'other' })).outcomes).toMatchObject({ unscored: 8 });
    await expect(read({ metric: 'none' })).rejects.toMatchObject({
      message: 'metric: must be one of exact, other',
    });
  });

  test('are read once for all pages, and not before there is a verdict', async () => {
    const { list } = listed();
    const before = reads;
    await list('cmp_1', { sort: 'flips' }, request(2));
    const once = reads;
    for (const sort of ['flips', 'dataset'] as const) await list('cmp_1', { sort }, request(2, 1));
    expect(once).toBeGreaterThan(before);
    expect(reads).toBe(once);
    await expect(list('cmp_2', { sort: 'flips' }, request(2))).rejects.toMatchObject({
      code: 'report_not_ready',
    });
  });
});
