import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGatedModel } from '../gated-model.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { makeSetting } from '../story.ts';
import { type CountedModel, plainCases, startCountedModel } from './counted-model.ts';
import {
  ask,
  type ComparisonResponse,
  completed,
  type EvalRunResponse,
  finished,
  putDataset,
  putEval,
  readStates,
  request,
  runToEnd,
  startRun,
  statesOf,
} from './eval-story.ts';

/*
 * The goal: whoever watches a run or a comparison sees where it stands, every now and then how far it has come, and
 * its end; and whoever leaves or comes late disturbs nothing. The method: streams read as text, as they arrive.
 */

let model: CountedModel;
let pawl: TestPawl;
let agentId: string;

beforeAll(async () => {
  model = await startCountedModel();
  // A few milliseconds per reply, so that a run lasts longer than the time between two looks at it.
  const anthropic_base_url = `${model.url}/l/20`;
  pawl = await startPawl({ anthropic_base_url, anthropic_api_key: 'upstream-key' });
  agentId = (await makeSetting(pawl.client)).agent.id;
  await pawl.client.beta.agents.update(agentId, { version: 1, system: 'Be brief.' });
});
afterAll(async () => {
  await pawl.server.close();
  await model.close();
});

async function plainEval(
  name: string,
  { cases = 100, ...fields }: { readonly cases?: number; readonly [field: string]: unknown } = {},
): Promise<void> {
  await putDataset(pawl, name, plainCases(cases, name));
  await putEval(pawl, { name, agent: agentId, dataset: name, concurrency: 2, ...fields });
}

/** Gives a function that reads on until all of the text so far satisfies `enough`, or the stream ends. */
function readerOf(response: Response): (enough: (text: string) => boolean) => Promise<string> {
  if (response.body === null) throw new Error('The answer has no body');
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  return async (enough) => {
    while (!enough(text)) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
    return text;
  };
}

describe('The stream of a run', () => {
  test('begins with where it stands, tells how far it has come, and ends with its end', async () => {
    await plainEval('watched');
    const run = await startRun(pawl, 'watched');
    const response = await request(pawl, `/eval_runs/${run.id}/stream`);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toContain('no-cache');
    const states = readStates<EvalRunResponse>(await response.text());
    expect(states[0]).toMatchObject({ type: 'eval_run', id: run.id, eval_name: 'watched' });
    const statuses = states.map(({ status }) => status);
    expect(statuses.lastIndexOf('pending')).toBeLessThan(Math.max(1, statuses.indexOf('running')));
    expect(statuses.indexOf('completed')).toBe(states.length - 1);
    const done = states.map(({ counts }) => counts.done);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(new Set(done).size).toBeGreaterThan(3);
    for (const { counts, plan, started_at } of states.filter((state) => state.counts.done > 0)) {
      expect(counts.scores['exact']?.count).toBe(counts.done);
      expect(plan).not.toBeNull();
      expect(started_at).not.toBeNull();
    }
    expect(states.at(-1)).toEqual(await ask(pawl, `/eval_runs/${run.id}`));
  });

  test('tells two watchers the same end, and one that leaves disturbs neither the run nor the other', async () => {
    await plainEval('two-watchers');
    const { id } = await startRun(pawl, 'two-watchers');
    const path = `/eval_runs/${id}/stream`;
    const leaving = new AbortController();
    const left = await fetch(`${pawl.url}/pawl/v1${path}`, {
      headers: { 'x-api-key': pawl.key },
      signal: leaving.signal,
    });
    const both = [statesOf<EvalRunResponse>(pawl, path), statesOf<EvalRunResponse>(pawl, path)];
    await readerOf(left)((text) => text.includes('"status":"running"'));
    leaving.abort();
    const [one, other] = await Promise.all(both);
    expect(one?.at(-1)).toMatchObject({ status: 'completed', counts: { done: 100 } });
    expect(other?.at(-1)).toEqual(one?.at(-1));
  });

  test('says why it failed, and that it was canceled', async () => {
    await plainEval('fails', { message: '{{missing}}' });
    const { run } = await runToEnd(pawl, 'fails');
    expect(run).toMatchObject({ status: 'failed', error: expect.stringContaining('{{missing}}') });

    await plainEval('canceled');
    const { id } = await startRun(pawl, 'canceled');
    const watching = finished(pawl, { id });
    await ask(pawl, `/eval_runs/${id}/cancel`, {});
    expect((await watching).run).toMatchObject({ id, status: 'canceled' });
  });

  test('ends when the server stops, and the server does not wait for it', async () => {
    const gated = await startGatedModel();
    const own = await startPawl({ anthropic_base_url: gated.url, anthropic_api_key: 'upstream-key' });
    const { agent } = await makeSetting(own.client);
    await putDataset(own, 'held', plainCases(1));
    await putEval(own, { name: 'held', agent: agent.id, dataset: 'held' });
    const { id } = await startRun(own, 'held');
    await gated.next();
    const response = await request(own, `/eval_runs/${id}/stream`);
    const readOn = readerOf(response);
    expect(await readOn((text) => text.includes('"status":"running"'))).toContain(`"id":"${id}"`);
    const rest = readOn(() => false);
    await own.server.close();
    const statuses = readStates<EvalRunResponse>(await rest).map(({ status }) => status);
    expect(statuses.filter((status) => status !== 'running' && status !== 'pending')).toEqual([]);
    await gated.close();
  });
});

describe('The stream of a comparison', () => {
  test('tells how far both of its runs have come, and ends with the verdict', async () => {
    await plainEval('compared', { gate: { max_lost_cases: 0 } });
    const made = await ask<ComparisonResponse>(pawl, '/comparisons', { eval: 'compared' });
    expect(made).toMatchObject({
      ...{ type: 'comparison', verdict: null, report: null, error: null, ended_at: null },
      ...{ baseline: { agent_version: 1 }, candidate: { agent_version: 2 } },
    });
    const states = await statesOf<ComparisonResponse>(pawl, `/comparisons/${made.id}/stream`);
    expect(states.every(({ id, type }) => id === made.id && type === 'comparison')).toBe(true);
    const end = states.at(-1);
    expect(end, end?.error ?? '').toMatchObject({
      ...{ status: 'completed', verdict: 'pass', error: null, ended_at: expect.any(String) },
      baseline: { status: 'completed', counts: { done: 100 } },
      candidate: { status: 'completed', counts: { done: 100 } },
      report: { verdict: 'pass' },
    });
    for (const side of ['baseline', 'candidate'] as const) {
      const done = states.map((state) => state[side].counts.done);
      expect(done).toEqual(done.toSorted((a, b) => a - b));
      expect(new Set(done).size).toBeGreaterThan(3);
    }
    expect(await ask(pawl, `/comparisons/${made.id}`)).toEqual(end);
    expect((await statesOf(pawl, `/comparisons/${made.id}/stream`)).at(-1)).toEqual(end);
  });

  test('is that of two runs which exist, and costs nothing', async () => {
    await plainEval('existing', { cases: 50, gate: { max_lost_cases: 0 } });
    const baseline = await completed(pawl, 'existing', { agent_version: 1 });
    const candidate = await completed(pawl, 'existing', { agent_version: 2 });
    model.sinceLastLook();
    const { id } = await ask<ComparisonResponse>(pawl, '/comparisons', {
      ...{ baseline_run: baseline.run.id, candidate_run: candidate.run.id },
    });
    const end = (await statesOf<ComparisonResponse>(pawl, `/comparisons/${id}/stream`)).at(-1);
    expect(end).toMatchObject({ status: 'completed', verdict: 'pass' });
    expect(candidate.run).toMatchObject({ ...end?.candidate });
    expect(model.sinceLastLook()).toBe(0);
    const listed = await ask<{ data: readonly { id: string }[] }>(pawl, '/comparisons?eval=existing');
    expect(listed.data.map((one) => one.id)).toEqual([id]);
  });

  test('ends without a verdict where one of its runs failed or was canceled, and names it', async () => {
    await plainEval('half-failed', { cases: 10, limits: { max_attempts: 1, max_error_share: 0 } });
    model.when(
      ({ system, messages }) =>
        system === 'Be brief.' && (messages.at(-1)?.text ?? '').startsWith('half-failed 5 '),
      { status: 400 },
    );
    const failed = await ask<ComparisonResponse>(pawl, '/comparisons', { eval: 'half-failed' });
    const end = (await statesOf<ComparisonResponse>(pawl, `/comparisons/${failed.id}/stream`)).at(-1);
    expect(end).toMatchObject({ status: 'failed', verdict: null, report: null });
    expect(end?.error).toMatch(
      new RegExp(`^Run ${failed.candidate.id} of version 2 is failed: The sessions of`),
    );

    await plainEval('half-canceled', { cases: 10 });
    const made = await ask<ComparisonResponse>(pawl, '/comparisons', { eval: 'half-canceled' });
    await ask(pawl, `/eval_runs/${made.baseline.id}/cancel`, {});
    const canceled = (await statesOf<ComparisonResponse>(pawl, `/comparisons/${made.id}/stream`)).at(-1);
    expect(canceled).toMatchObject({
      ...{ status: 'canceled', verdict: null },
      error: `Run ${made.baseline.id} of version 1 is canceled: it was canceled`,
    });
  });
});
