import { expect } from 'vitest';
import type { CalibrationResponse } from '../../src/api/calibrations.ts';
import type { ComparisonResponse } from '../../src/api/comparisons.ts';
import type { EvalRunResponse } from '../../src/api/eval-runs.ts';
import type { EvalResponse } from '../../src/api/evals.ts';
import type { DatasetChangeResponse } from '../../src/api/wire/datasets.ts';
import type { EvalResult } from '../../src/eval/results.ts';

/*
 * The steps that tests of evals begin with, over plain HTTP as any client speaks it: a dataset, an eval, a run, and
 * following the run on its event stream to its end.
 */

/** Where a server is, and a key that opens it. */
export type Place = { readonly url: string; readonly key: string };

/** What a server said no to. */
export type Refusal = { readonly status: number; readonly code: string; readonly message: string };

/** A stream of states goes on until a run is over, through the death of the process that had it. */
const patienceMs = 60_000;

/** Asks a server: with a body by POST, else by GET. */
export function request({ url, key }: Place, path: string, body?: unknown): Promise<Response> {
  const sent =
    body === undefined
      ? { headers: { 'x-api-key': key } }
      : {
          method: 'POST',
          headers: { 'x-api-key': key, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        };
  return fetch(`${url}/pawl/v1${path}`, { ...sent, signal: AbortSignal.timeout(patienceMs) });
}

/** What a server answers, which must be no error. */
export async function ask<T>(place: Place, path: string, body?: unknown): Promise<T> {
  const response = await request(place, path, body);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text) as T;
}

/** What a server refuses, and how. */
export async function refusal(place: Place, path: string, body?: unknown): Promise<Refusal> {
  const response = await request(place, path, body);
  const text = await response.text();
  expect(response.status, text).toBeGreaterThanOrEqual(400);
  const { error } = JSON.parse(text) as { error: { message: string; details: { error_code: string } } };
  return { status: response.status, code: error.details.error_code, message: error.message };
}

/** A page of any list. */
export type PageOf<T> = { readonly data: readonly T[]; readonly next_page: string | null };

/** All of a list, page by page. */
export async function all<T>(place: Place, path: string): Promise<T[]> {
  const found: T[] = [];
  for (let page: string | null = ''; page !== null; ) {
    const join = path.includes('?') ? '&' : '?';
    const next: PageOf<T> = await ask(place, `${path}${join}page=${page}`);
    found.push(...next.data);
    page = next.next_page;
  }
  return found;
}

/** Brings cases under a name, replacing what it held. */
export function putDataset(
  place: Place,
  name: string,
  cases: readonly object[],
): Promise<DatasetChangeResponse> {
  return ask(place, '/datasets', { name, cases });
}

/** Puts an eval that reads replies as text and scores them exactly, as far as `fields` says nothing else. */
export function putEval(place: Place, fields: Readonly<Record<string, unknown>>): Promise<EvalResponse> {
  return ask(place, '/evals', { scorers: ['exact'], epochs: 1, ...fields });
}

/** Starts a run of an eval. */
export function startRun(
  place: Place,
  evalName: string,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<EvalRunResponse> {
  return ask(place, '/eval_runs', { eval: evalName, ...fields });
}

/** A run with its results, which are in order of case and epoch. */
export type FinishedRun = { readonly run: EvalRunResponse; readonly results: readonly EvalResult[] };

/** Waits on a run's event stream until it is over. */
export async function finished(place: Place, { id }: { readonly id: string }): Promise<FinishedRun> {
  const states = await statesOf<EvalRunResponse>(place, `/eval_runs/${id}/stream`);
  const run = states.at(-1);
  if (run === undefined) throw new Error(`The stream of run ${id} said nothing`);
  return { run, results: await resultsOf(place, id) };
}

/** Starts a run and waits until it is over. */
export async function runToEnd(
  place: Place,
  evalName: string,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<FinishedRun> {
  return finished(place, await startRun(place, evalName, fields));
}

/** As {@link runToEnd}, and it must be completed. */
export async function completed(
  place: Place,
  evalName: string,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<FinishedRun> {
  const done = await runToEnd(place, evalName, fields);
  expect(done.run.status, done.run.error ?? '').toBe('completed');
  return done;
}

export function resultsOf(place: Place, runId: string): Promise<EvalResult[]> {
  return all(place, `/eval_runs/${runId}/results?limit=200`);
}

/** The values of one scorer by case, epoch after epoch; null is unscored. */
export function valuesOf(
  results: readonly EvalResult[],
  scorer = 'exact',
): Record<string, (number | null)[]> {
  const values: Record<string, (number | null)[]> = {};
  for (const { case_id, scores } of results) {
    values[case_id] = [...(values[case_id] ?? []), scores[scorer]?.value ?? null];
  }
  return values;
}

/** Every state that a stream of runs or comparisons sends until the server ends it. */
export async function statesOf<T = EvalRunResponse | ComparisonResponse>(
  place: Place,
  path: string,
): Promise<T[]> {
  const response = await request(place, path);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return readStates<T>(text);
}

/** The states in a stream's text; a line that is cut short is left out. */
export function readStates<T>(text: string): T[] {
  const frames = text.split('\n\n').slice(0, -1);
  return frames.flatMap((frame) => {
    const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(frame) ?? [];
    if (event === undefined || data === undefined) throw new Error(`This is no event: ${frame}`);
    return event === 'ping' ? [] : [JSON.parse(data) as T];
  });
}

export type { CalibrationResponse, ComparisonResponse, EvalResponse, EvalRunResponse };
