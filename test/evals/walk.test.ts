import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { firstPrompt, secondPrompt } from '../../src/cli/tutorial/prompts.ts';
import { bundledTickets } from '../../src/cli/tutorial/tickets.ts';
import { packageVersion } from '../../src/version.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import {
  all,
  ask,
  type CalibrationResponse,
  completed,
  type EvalResponse,
  type EvalRunResponse,
  type FinishedRun,
  type PageOf,
  putEval,
  refusal,
  statesOf,
  valuesOf,
} from './eval-story.ts';

/*
 * The goal: a person who has two prompts and twenty tickets learns which prompt is better, from runs that can be
 * looked into years later. The method: the tutorial's own data over HTTP, with the model that needs no network.
 */

const template = 'Subject: {{subject}}\n\n{{body}}';
let pawl: TestPawl;
let agentId: string;
let triage: EvalResponse;
let first: FinishedRun;
let second: FinishedRun;

beforeAll(async () => {
  pawl = await startPawl();
  const { agents } = pawl.client.beta;
  const agent = await agents.create({ name: 'ticket-triage', model: 'claude-test', system: firstPrompt });
  agentId = agent.id;
  await agents.update(agentId, { version: 1, system: secondPrompt });
  const imported = await fetch(
    `${pawl.url}/pawl/v1/datasets/import?name=tickets&format=jsonl&target=team&group=team`,
    {
      method: 'POST',
      headers: { 'x-api-key': pawl.key, 'content-type': 'application/x-ndjson' },
      body: readFileSync(bundledTickets, 'utf8'),
    },
  );
  expect(imported.status).toBe(200);
  triage = await putEval(pawl, {
    ...{ name: 'triage', agent: agentId, dataset: 'tickets', message: template, reply: { json: 'team' } },
    scorers: ['exact', { type: 'json_field', name: 'medium', path: 'priority', equals: 'P2' }],
    gate: { max_lost_cases: 1 },
  });
  first = await completed(pawl, 'triage', { agent_version: 1 });
  second = await completed(pawl, 'triage', { agent_version: 2 });
});
afterAll(async () => {
  await pawl.server.close();
});

const lost = ({ results }: FinishedRun): string[] =>
  results.filter(({ scores }) => scores['exact']?.value !== 1).map(({ case_id }) => case_id);

describe('The tutorial over HTTP', () => {
  test('has 19 of 20 tickets right with the first prompt, and 17 with the second', () => {
    expect(first.run.counts.scores['exact']).toEqual({ sum: 19, count: 20, unscored: 0 });
    expect(second.run.counts.scores['exact']).toEqual({ sum: 17, count: 20, unscored: 0 });
    expect(lost(first)).toHaveLength(1);
    const newlyLost = lost(second).filter((id) => !lost(first).includes(id));
    const wrong = second.results.filter(({ case_id }) => newlyLost.includes(case_id));
    expect(wrong.map(({ reading }) => reading)).toEqual(
      newlyLost.map(() => ({ ok: true, value: 'api-platform' })),
    );
    expect(wrong.map(({ scores }) => scores['exact']?.reason)).toEqual(
      newlyLost.map(() => expect.stringContaining('"api-platform"')),
    );
  });

  test('takes the newest version when none is named', async () => {
    expect(second.run.agent_version).toBe(2);
    expect(await completed(pawl, 'triage')).toMatchObject({ run: { agent_version: 2 } });
  });

  test('gives results in the order of the dataset, with all that was said', () => {
    expect(first.results.map(({ position, epoch }) => [position, epoch])).toEqual(
      first.results.map((_, position) => [position, 1]),
    );
    for (const result of first.results) {
      expect(result).toMatchObject({
        ...{ type: 'eval_result', run_id: first.run.id, status: 'done', clipped: false, error: null },
        ...{ reused_from: null, outcome: { cost_usd: 0, served_by: 'offline/offline', tool_calls: [] } },
      });
      expect(result.outcome?.latency_ms).toBeGreaterThan(0);
      expect(JSON.parse(result.outcome?.reply ?? '')).toMatchObject({
        team: result.reading?.ok && result.reading.value,
      });
    }
    const medium = first.results.filter(({ outcome }) => outcome?.reply.includes('"P2"'));
    expect(Object.values(valuesOf(first.results, 'medium')).filter(([value]) => value === 1)).toHaveLength(
      medium.length,
    );
  });

  test('counts what it took', () => {
    const { counts } = first.run;
    expect(counts).toMatchObject({ total: 20, done: 20, reused: 0, errors: 0, cost_usd: 0 });
    expect(counts.served_by).toEqual({ 'offline/offline': 20 });
    const sum = first.results.reduce((tokens, { outcome }) => tokens + (outcome?.usage.input_tokens ?? 0), 0);
    expect(counts.usage.input_tokens).toBe(sum);
    expect(sum).toBeGreaterThan(0);
  });

  test('leaves a run that explains itself', () => {
    const { run } = first;
    expect(run).toMatchObject({
      ...{ type: 'eval_run', eval_id: triage.id, eval_name: 'triage', eval_revision: 1, endpoint: null },
      ...{ agent_id: agentId, agent_version: 1, status: 'completed', epochs: 1, fresh: false, error: null },
      recorded: null,
      plan: {
        ...{ agent_name: 'ticket-triage', model: 'claude-test', seed: 1, pawl_version: packageVersion() },
        config_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        environment_id: expect.stringMatching(/^env_/),
        dataset: { name: 'tickets', cases: 20, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
        scorers: [
          { name: 'exact', type: 'exact', binary: true, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
          { name: 'medium', type: 'json_field' },
        ],
      },
    });
    const { created_at, started_at, ended_at } = run;
    expect([created_at, started_at, ended_at].toSorted()).toEqual([created_at, started_at, ended_at]);
    expect(first.run.plan?.config_hash).not.toBe(second.run.plan?.config_hash);
  });

  test('pins every session to the version, names it in metadata, and puts it away', async () => {
    const hashes = new Set<string>();
    for (const { outcome, case_id, epoch } of first.results) {
      const session = await pawl.client.beta.sessions.retrieve(outcome?.session_id ?? '');
      expect(session).toMatchObject({
        agent: { id: agentId, version: 1 },
        environment_id: first.run.plan?.environment_id,
        metadata: { pawl_eval_run: first.run.id, pawl_case: case_id, pawl_epoch: String(epoch) },
        archived_at: expect.any(String),
        pawl: { version: 1, reason: 'pinned', overridden: false },
      });
      hashes.add((session as unknown as { pawl: { config_hash: string } }).pawl.config_hash);
    }
    expect(hashes).toEqual(new Set([first.run.plan?.config_hash]));
  });

  test('opens one session per case and no more', async () => {
    const mine: string[] = [];
    for await (const { metadata } of pawl.client.beta.sessions.list({ limit: 100, include_archived: true })) {
      if (metadata['pawl_eval_run'] === first.run.id) mine.push(metadata['pawl_case'] ?? '');
    }
    expect(mine.toSorted()).toEqual(first.results.map(({ case_id }) => case_id).toSorted());
  });
});

describe('Finished runs', () => {
  test('are listed, newest first, by eval, agent, version and status', async () => {
    const ids = async (query: string) =>
      (await all<EvalRunResponse>(pawl, `/eval_runs?${query}`)).map(({ id }) => id);
    const both = [second.run.id, first.run.id];
    const oldest = (await ids('limit=1')).slice(-2);
    expect(oldest).toEqual(both);
    for (const query of ['eval=triage', `eval=${triage.id}`, `agent_id=${agentId}`, 'status=completed']) {
      expect((await ids(query)).slice(-2), query).toEqual(both);
    }
    expect(await ids('agent_version=1')).toEqual([first.run.id]);
    expect(await ids('status=failed')).toEqual([]);
    expect(await refusal(pawl, '/eval_runs?eval=nobody')).toMatchObject({
      status: 404,
      code: 'eval_not_found',
    });
  });

  test('give their results page by page, and only those that broke where asked', async () => {
    const path = `/eval_runs/${first.run.id}/results`;
    expect(await all(pawl, `${path}?limit=7`)).toEqual(first.results);
    expect(await ask<PageOf<object>>(pawl, `${path}?errors=true`)).toEqual({ data: [], next_page: null });
  });

  test('send their state once more to whoever comes late', async () => {
    for (const state of await statesOf(pawl, `/eval_runs/${first.run.id}/stream`)) {
      expect(state).toEqual(first.run);
    }
    expect(await ask(pawl, `/eval_runs/${first.run.id}`)).toEqual(first.run);
  });

  test('stay as they are when they are canceled or resumed', async () => {
    for (const verb of ['cancel', 'resume']) {
      expect(await ask(pawl, `/eval_runs/${first.run.id}/${verb}`, {})).toEqual(first.run);
    }
  });
});

describe('An eval', () => {
  test('comes back with every default filled in', () => {
    expect(triage).toMatchObject({
      ...{ type: 'eval', name: 'triage', revision: 1, archived_at: null },
      definition: {
        ...{ dataset: { name: 'tickets', revision: null }, reply: { read: 'json', path: 'team' } },
        ...{ endpoint: null, environment: null, labels: null, concurrency: 16, seed: 1 },
        limits: { timeout_ms: 120_000, max_attempts: 3, max_error_share: 0.1, max_cost_usd: null },
        gate: { metrics: ['exact'], confidence: 0.9, max_lost_cases: 1, margin: { critical: null } },
      },
    });
  });

  test('is found by name and id, at each of its revisions, and the same once more makes none', async () => {
    const fields = { name: 'versioned', agent: agentId, dataset: 'tickets', message: template };
    const one = await putEval(pawl, fields);
    expect(await putEval(pawl, fields)).toEqual(one);
    const two = await putEval(pawl, { ...fields, epochs: 2 });
    expect(two).toMatchObject({ id: one.id, revision: 2, definition: { epochs: 2 } });
    expect(two.hash).not.toBe(one.hash);
    expect(await ask(pawl, '/evals/versioned')).toEqual(two);
    expect(await ask(pawl, `/evals/${one.id}?revision=1`)).toMatchObject({
      hash: one.hash,
      definition: one.definition,
    });
    expect(await refusal(pawl, '/evals/versioned?revision=3')).toMatchObject({
      ...{ status: 404, code: 'eval_not_found', message: expect.stringContaining('no revision 3') },
    });
    const { run } = await completed(pawl, 'versioned', { eval_revision: 1 });
    expect(run).toMatchObject({ eval_revision: 1, epochs: 1 });
  });

  test('has five epochs below a hundred cases unless it is told otherwise', async () => {
    await putEval(pawl, {
      name: 'untold',
      agent: agentId,
      dataset: 'tickets',
      message: template,
      epochs: null,
    });
    const { run, results } = await completed(pawl, 'untold');
    expect(run).toMatchObject({ epochs: 5, counts: { total: 100, done: 100 } });
    expect(results.slice(0, 6).map(({ position, epoch }) => [position, epoch])).toEqual([
      ...[1, 2, 3, 4, 5].map((epoch) => [0, epoch]),
      [1, 1],
    ]);
    const calibration = await ask<CalibrationResponse>(pawl, '/calibrations', { run: run.id, splits: 20 });
    expect(calibration).toMatchObject({
      type: 'calibration',
      eval_id: run.eval_id,
      report: expect.any(Object),
    });
    expect(await all(pawl, '/calibrations?eval=untold')).toEqual([calibration]);
    expect(await all(pawl, '/calibrations?eval=triage')).toEqual([]);
  });
});
