import { expect, test } from 'vitest';
import type { PageRequest } from '../core/page.ts';
import { insertCases } from '../store/datasets.ts';
import { insertEvalRun, putEvalResults } from '../store/eval-runs.ts';
import { openSeeded, sampleResult, sampleRun } from '../store/evals.testsuite.ts';
import { listResults, type ResultFilter } from './results.ts';

/*
 * The goal: the results of a run are found by what they came to and by their case, page by page. The method: a run of four cases
 * in two epochs in a store, and lists of it.
 */

/** What each epoch of a case came to; null where the scorer could not tell, undefined where the session broke. */
const cases: Readonly<
  Record<string, { group: string | null; values: readonly (number | null | undefined)[] }>
> = {
  'bill-1': { group: 'billing', values: [1, 0] },
  'auth-1': { group: 'auth', values: [1, undefined] },
  loose: { group: null, values: [0, null] },
  'Bill-2': { group: 'billing', values: [0, 1] },
};

const run: ResultFilter['run'] = {
  ...{ id: 'erun_1', dataset_revision_id: 'drev_seed' },
  plan: { dataset: { cases: 4 }, scorers: [{ name: 'exact' }] } as unknown as NonNullable<
    ResultFilter['run']['plan']
  >,
};
const opened = openSeeded('memory');

async function seed(): Promise<void> {
  await opened.store.write(async (tx) => {
    await insertEvalRun(tx, sampleRun(run.id));
    const bodies = [];
    for (const [position, [case_id, { group, values }]] of Object.entries(cases).entries()) {
      bodies.push({
        ...{ revision_id: 'drev_seed', position, case_id, hash: `of ${case_id}` },
        body: JSON.stringify({ id: case_id, input: 'Hello', target: null, group }),
      });
      const results = values.map((value, n) =>
        sampleResult(run.id, position, {
          ...{ case_id, case_hash: `of ${case_id}`, epoch: n + 1 },
          ...(value === undefined
            ? { status: 'error', scores: '{}', outcome: '{"kind":"model","message":"broke"}' }
            : { scores: JSON.stringify({ scores: { exact: { value, reason: null, hash: 'h' } } }) }),
        }),
      );
      await putEvalResults(tx, results);
    }
    await insertCases(tx, bodies);
  });
}

function request(limit: number, after: readonly [number, number] | null): PageRequest {
  return {
    ...{ list: { name: 'any', key: ['number', 'number'], backwards: false }, limit, order: 'asc' },
    cursor: after === null ? null : { list: 'any', order: 'asc', direction: 'next', key: after },
  };
}

/** All that a filter lets through, page by page, as `case/epoch`. */
async function found(filter: Partial<ResultFilter>, limit = 3): Promise<string[]> {
  const names: string[] = [];
  let after: readonly [number, number] | null = null;
  for (let pages = 0; pages < 9; pages++) {
    const page = await listResults(opened.store, { run, errors: false, ...filter }, request(limit, after));
    names.push(...page.data.map(({ case_id, epoch }) => `${case_id}/${epoch}`));
    const last = page.data.at(-1);
    if (page.next_page === null || last === undefined) break;
    after = [last.position, last.epoch];
  }
  return names;
}

test('Results are found by what the first scorer made of them, by group and by a part of the id, page by page', async () => {
  await seed();
  const all = ['bill-1/1', 'bill-1/2', 'auth-1/1', 'auth-1/2', 'loose/1', 'loose/2', 'Bill-2/1', 'Bill-2/2'];
  expect(await found({})).toEqual(all);
  expect(await found({ found: 'wrong' }, 1)).toEqual(['bill-1/2', 'loose/1', 'Bill-2/1']);
  expect(await found({ found: 'right' }, 2)).toEqual(['bill-1/1', 'auth-1/1', 'Bill-2/2']);
  expect(await found({ found: 'unscored' })).toEqual(['loose/2']);
  expect(await found({ group: 'billing' }, 1)).toEqual(['bill-1/1', 'bill-1/2', 'Bill-2/1', 'Bill-2/2']);
  expect(await found({ group: null })).toEqual(['loose/1', 'loose/2']);
  expect(await found({ search: 'BILL', found: 'right' })).toEqual(['bill-1/1', 'Bill-2/2']);
  expect(await found({ errors: true, group: 'auth' })).toEqual(['auth-1/2']);
  expect(await found({ case_id: 'bill-1', found: 'wrong' })).toEqual(['bill-1/2']);
  const { data } = await listResults(opened.store, { run, errors: false }, request(8, null));
  expect(data.map(({ group }) => group).slice(0, 6)).toEqual([
    ...['billing', 'billing', 'auth', 'auth', null, null],
  ]);
});
