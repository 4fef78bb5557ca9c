import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { firstPrompt, secondPrompt } from '../../src/cli/tutorial/prompts.ts';
import { bundledTickets } from '../../src/cli/tutorial/tickets.ts';
import { placeOf } from '../../src/core/assignment.ts';
import { catalog } from '../../src/stats/catalog.ts';
import { startModelServer } from '../model-server.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { converse, eventually, makeSetting, openSession } from '../story.ts';
import { type DescribedServer, describedServer } from './described-server.ts';
import { operationsOf } from './openapi-document.ts';

/*
 * The goal: what the OpenAPI document says is what the server does. The method: a walk through every operation, on
 * which each request and each answer is held against the document, and a field that it does not know is an error.
 */

let pawl: TestPawl;
let server: DescribedServer;
let agentId: string;
let environmentId: string;

const tickets = readFileSync(bundledTickets, 'utf8');
const template = 'Subject: {{subject}}\n\n{{body}}';
const formats = ['table', 'markdown', 'junit', 'html', 'json'];

beforeAll(async () => {
  pawl = await startPawl({ allow_private_webhooks: 'true', max_failed_keys: '10000' });
  server = await describedServer(pawl);
  const { agents, environments } = pawl.client.beta;
  const agent = await agents.create({ name: 'ticket-triage', model: 'claude-test', system: firstPrompt });
  await agents.update(agent.id, { version: 1, system: secondPrompt });
  agentId = agent.id;
  environmentId = (await environments.create({ name: 'place' })).id;
});
afterAll(async () => {
  await pawl.server.close();
});

describe('The answers are as the document says', () => {
  test('of datasets', async () => {
    const importOf = (name: string) => ({
      query: { name, target: 'team', group: 'team', format: 'jsonl' },
      body: tickets,
    });
    await server.get('import_dataset', { ...importOf('tickets'), type: 'application/x-ndjson' });
    await server.get('import_dataset', { ...importOf('tickets'), type: 'application/jsonl' });
    await server.get('import_dataset', { ...importOf('tickets'), type: 'application/octet-stream' });
    const table = { query: { name: 'table' }, body: 'id,input\na,Hello\n', type: 'text/csv' };
    await server.get('import_dataset', table);
    const path = { id: 'made' };
    const messages = [{ role: 'user', content: 'Hello' }];
    const cases = [
      { id: 'a', input: 'Hello', target: { any: [1, null] }, group: 'x' },
      { id: 'b', input: messages, group: 'y' },
    ];
    await server.get('create_dataset', { body: { name: 'made', description: 'Two cases', cases } });
    const said = await openSession(pawl.client, {
      agent: await pawl.client.beta.agents.retrieve(agentId),
      environment_id: environmentId,
    });
    await converse(pawl.client, said.id, 'Where is my parcel?');
    const labelled = { session_id: said.id, target: 'delivery', group: 'parcels', must_pass: true };
    await server.get('create_case', { path, body: labelled });
    await server.get('diff_dataset', { path, query: { limit: '1' } });
    await server.get('sight_dataset', { path, query: { epochs: '3' } });
    await server.get('list_cases', { path });
    await server.get('list_dataset_revisions', { path });
    await server.get('export_dataset', { path });
    await server.get('export_dataset', { path, query: { format: 'csv' } });
    await server.get('retrieve_dataset', { path });
    await server.get('archive_dataset', { path });
    await server.get('list_datasets', { query: { include_archived: 'true', limit: '2' } });
    await server.get('list_datasets');
  });

  test('of evals', async () => {
    const body = {
      ...{ name: 'triage', agent: agentId, dataset: 'tickets', message: template, reply: { json: 'team' } },
      scorers: ['exact', { type: 'json_field', name: 'urgency', path: 'priority', equals: 'P2' }],
      epochs: 1,
      gate: { max_lost_cases: 1 },
    };
    await server.get('put_eval', { body });
    const often = { name: 'often', dataset: { name: 'tickets' }, epochs: 2, gate: { margin: 0.1 } };
    await server.get('put_eval', { body: { ...body, ...often } });
    const scorers = [
      { type: 'tool_calls', expected: ['look', { name: 'write', input: { to: 'me' } }] },
      { type: 'json_schema', schema: { type: 'object' } },
      ...[
        { type: 'contains', texts: ['yes'] },
        { type: 'latency', max_ms: 1000 },
        { type: 'tokens', max_total: 1 },
      ],
      { type: 'http', url: 'http://127.0.0.1:1/score', options: { deep: [1] } },
    ];
    const rich = { scorers, reply: { regex: 'a(b)' }, gate: { groups: { x: 'advisory' }, margin: null } };
    await server.get('put_eval', { body: { ...body, name: 'rich', ...rich } });
    await server.get('retrieve_eval', { path: { id: 'triage' }, query: { revision: '1' } });
    await server.get('archive_eval', { path: { id: 'rich' } });
    await server.get('list_evals', { query: { limit: '2' } });
  });

  test('of eval runs', async () => {
    const created = await server.get('create_eval_run', { body: { eval: 'often', agent_version: 1 } });
    const path = { id: created['id'] ?? '' };
    await server.get('retrieve_eval_run', { path });
    await server.get('stream_eval_run', { path });
    await server.get('list_eval_results', { path, query: { limit: '200' } });
    await server.get('list_eval_results', { path, query: { found: 'right', ungrouped: 'true' } });
    for (const format of formats) await server.get('report_eval_run', { path, query: { format } });
    await server.get('cancel_eval_run', { path });
    await server.get('resume_eval_run', { path });
    await server.get('list_eval_runs', { query: { eval: 'often', status: 'completed' } });
    await server.get('create_calibration', { body: { run: path.id, splits: 20 } });
    await server.get('list_calibrations', { query: { eval: 'often' } });
  });

  test('of an eval run whose sessions break', async () => {
    const model = await startModelServer();
    model.when(({ messages }) => messages.at(-1)?.text.includes('a') === true, 500);
    const provider = { anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' };
    const other = await startPawl({ ...provider, model_max_retries: '0' });
    try {
      const { agent } = await makeSetting(other.client);
      const { get } = await describedServer(other);
      const cases = ['a', 'b'].map((id) => ({ id, input: id, target: id }));
      await get('create_dataset', { body: { name: 'letters', cases } });
      const limits = { max_attempts: 1, max_error_share: 1 };
      const fields = { name: 'letters', agent: agent.id, dataset: 'letters', scorers: ['exact'], limits };
      await get('put_eval', { body: { ...fields, epochs: 1 } });
      const { id = '' } = await get('create_eval_run', { body: { eval: 'letters' } });
      await get('stream_eval_run', { path: { id } });
      const { data } = await get('list_eval_results', { path: { id }, query: { errors: 'true' } });
      expect(data).toMatchObject([{ case_id: 'a', status: 'error', outcome: null }]);
      await get('report_eval_run', { path: { id } });
    } finally {
      await other.server.close();
      await model.close();
    }
  });

  test.each(['triage', 'often'])('of a comparison by the eval %s', async (name) => {
    const created = await server.get('create_comparison', { body: { eval: name } });
    const path = { id: created['id'] ?? '' };
    await server.get('stream_comparison', { path });
    const { baseline, candidate, report } = (await server.get('retrieve_comparison', { path })) as Record<
      string,
      { id: string }
    >;
    expect(report).toMatchObject({ flips: { total: expect.any(Number) } });
    for (const format of formats) await server.get('report_comparison', { path, query: { format } });
    const pair = { baseline_run: baseline?.id, candidate_run: candidate?.id };
    await server.get('create_comparison', { body: pair });
    await server.get('list_comparisons', { query: { eval: name } });
    await server.get('list_compared_cases', { path, query: { limit: '3', outcomes: 'right' } });
  });

  test('of backtests and shadows', async () => {
    const agent = await pawl.client.beta.agents.create({ name: 'greeter', model: 'claude-test' });
    const path = { id: agent.id, alias: 'production' };
    await server.get('set_alias', { path, body: { version: 1, from: null } });
    const asked = { agent_id: agent.id, candidate_version: 1 };
    const begun = { ...asked, alias: 'production', sample: 1, eval: 'triage' };
    const { id = '' } = await server.get('start_shadow', { body: begun });
    const user = await pawl.client.beta.sessions.create({
      ...{ agent: `${agent.id}@production`, environment_id: environmentId },
    });
    await converse(pawl.client, user.id, 'Hello');
    const shadow = { path: { id } };
    await eventually('a copy', async () => {
      const found = (await server.get('retrieve_shadow', shadow)) as Record<string, { turns: number }>;
      return found['candidate']?.turns === 1;
    });
    const scoring = {
      scorers: [{ type: 'tokens', max_total: 10_000 }],
      reply: 'text',
      gate: { margin: 0.1 },
    };
    const compared = await server.get('compare_shadow', { ...shadow, body: { scoring } });
    await server.get('stop_shadow', shadow);
    await server.get('list_shadows', { query: { agent_id: agent.id, status: 'stopped', limit: '1' } });
    const window = { from: '2026-01-01T00:00:00Z', limit: 5, expected_from: 'recorded' };
    const exact = { scorers: ['exact'], labels: null, limits: { max_cost_usd: null } };
    const backtest = await server.get('create_backtest', { body: { ...asked, ...window, scoring: exact } });
    for (const one of [compared, backtest]) {
      await server.get('stream_comparison', { path: { id: one['id'] ?? '' } });
      await server.get('retrieve_comparison', { path: { id: one['id'] ?? '' } });
    }
  });

  test('of aliases', async () => {
    const path = { id: agentId, alias: 'production' };
    await server.get('set_alias', { path, body: { version: 1, from: null, reason: 'first' } });
    await server.get('change_alias_policy', { path, body: { approvals: 1, eval: 'triage' } });
    const canary = { id: agentId, alias: 'next' };
    await server.get('set_alias', { path: canary, body: { version: 2, from: null } });
    await server.get('set_alias', { path: canary, body: { version: 1, from: 2 } });
    const default_alias = { default_alias: 'production' };
    await server.get('change_release_settings', { path: { id: agentId }, body: default_alias });
    const held = await pawl.client.beta.sessions.create({
      agent: `${agentId}@next`,
      environment_id: environmentId,
    });
    const body = { to: 2, running: 'stop_new_turns', reason: 'bad answers' };
    const rolledBack = await server.get('roll_back_alias', { path: canary, body });
    expect(rolledBack).toMatchObject({ sessions: { data: [{ id: held.id }] } });
    await server.get('retrieve_alias', { path: canary });
    await server.get('release_alias', { path: canary, body: { reason: 'mended' } });
    await server.get('list_aliases', { path: { id: agentId } });
    await server.get('list_alias_moves', { path: canary, query: { limit: '2' } });
  });

  test('of promotions', async () => {
    const { secret } = await server.get('create_key', { body: { name: 'bob', role: 'reviewer' } });
    const asked = { agent_id: agentId, version: 2, eval: 'triage', reason: 'a rule' };
    const { id = '' } = await server.get('create_promotion', { body: asked });
    const path = { id };
    const measured = await eventually('a verdict', async () => {
      const found = await server.get('retrieve_promotion', { path });
      const { evidence } = found as Record<string, { verdict: unknown }>;
      return evidence?.verdict ? found : null;
    });
    expect(measured).toMatchObject({ blockers: [{ code: 'gate_failed' }, { code: 'approvals_missing' }] });
    await server.get('evaluate_promotion', { path, body: {} });
    const basis_hash = measured['basis_hash'];
    const said = [
      { decision: 'comment', comment: 'Two cases lost.' },
      { decision: 'override', comment: 'They are labelled wrong.', basis_hash },
      { decision: 'approve', basis_hash },
    ];
    for (const body of said) await server.get('review_promotion', { path, body, key: secret ?? '' });
    expect(await server.get('apply_promotion', { path, body: { reason: 'agreed' } })).toMatchObject({
      status: 'completed',
      override: { by: { name: 'bob' } },
    });
    await server.get('list_alias_moves', { path: { id: agentId, alias: 'production' } });
    const again = await server.get('create_promotion', { body: { ...asked, version: 1 } });
    await server.get('withdraw_promotion', { path: { id: again['id'] ?? '' } });
    const query = { agent_id: agentId, alias: 'production', status: 'canceled' };
    await server.get('list_promotions', { query });
    await server.get('list_promotions');
  });

  test('of rollouts', async () => {
    const next = { id: agentId, alias: 'staging' };
    await server.get('set_alias', { path: next, body: { version: 1, from: null } });
    const { secret } = await server.get('create_key', { body: { name: 'cleo', role: 'reviewer' } });
    const wanted = { agent_id: agentId, version: 2, alias: next.alias, eval: 'triage' };
    const { id: promotion_id = '' } = await server.get('create_promotion', { body: wanted });
    const review = { decision: 'override', comment: 'They are labelled wrong.' };
    await server.get('review_promotion', { path: { id: promotion_id }, body: review, key: secret ?? '' });
    const body = {
      ...{ promotion_id, look_seconds: 0.1, patience_seconds: 0, alpha: 0.1, reason: 'a try' },
      steps: [
        { weight: 0.5, min_seconds: 0, min_sessions: 0 },
        { weight: 60, approval: true },
        { weight: 100 },
      ],
      guardrails: [{ metric: 'failures' }, { metric: 'score:helpful', margin: 0.1 }],
      scorers: [{ name: 'brief', sample: 1, scorer: { type: 'regex', pattern: '^.{0,200}$' } }],
    };
    const { id = '' } = await server.get('start_rollout', { body });
    const path = { id };
    expect(await server.get('retrieve_alias', { path: next })).toMatchObject({ rollout: { id, version: 2 } });
    expect(await server.get('retrieve_promotion', { path: { id: promotion_id } })).toMatchObject({
      rollout_id: id,
    });
    await eventually(
      'the next step',
      async () => (await server.get('retrieve_rollout', { path }))['step'] === 2,
    );
    const names = Array.from({ length: 40 }, (_, n) => `user-${n}`);
    const user = names.find((name) => placeOf(id, name).bucket < 6000) ?? '';
    const { id: session } = await pawl.client.beta.sessions.create({
      ...{ agent: `${agentId}@staging`, environment_id: environmentId, metadata: { targeting_key: user } },
    });
    await converse(pawl.client, session, 'Where is my invoice?');
    const seen = await eventually('a session that was counted', async () => {
      const found = await server.get('retrieve_rollout', { path });
      const { evidence } = found as Record<string, { sessions: object[] }>;
      return evidence?.sessions.length === 1 ? found : null;
    });
    expect(seen).toMatchObject({ evidence: { sessions: [{ weight: 60, control: 0, canary: 1 }] } });
    expect(await server.ask('advance_rollout', { path })).toMatchObject({ status: 403 });
    await server.get('pause_rollout', { path, body: { reason: 'lunch' } });
    await server.get('list_rollouts', { query: { agent_id: agentId, alias: 'staging', status: 'paused' } });
    await server.get('resume_rollout', { path, body: {} });
    await server.get('abort_rollout', { path, body: { running: 'stop_new_turns' } });
    await server.get('stream_rollout', { path });
    const { id: again = '' } = await server.get('retry_rollout', { path, body: { reason: 'once more' } });
    await server.get('advance_rollout', { path: { id: again } });
    await server.get('roll_back_rollout', { path: { id: again } });
    expect(await server.ask('pause_rollout', { path: { id: again } })).toMatchObject({ status: 409 });
    await server.get('list_rollout_events', { path, query: { limit: '2' } });
    await server.get('list_rollout_events', { path: { id: again } });
    expect(await server.get('retrieve_rollout_evidence', { path })).toMatchObject({
      points: { length: expect.any(Number) },
    });
    await server.get('list_rollouts');
  });

  test('of overviews', async () => {
    const { data: agents } = await server.get('list_agents', { query: { search: 'TICKET', sort: 'name' } });
    expect(agents).toMatchObject([
      {
        id: agentId,
        latest_version: { version: 2 },
        last_verdict: { candidate: expect.any(Number) },
        default_alias: 'production',
      },
    ]);
    const path = { id: agentId };
    const { data: versions } = await server.get('list_versions', { path, query: { order: 'asc' } });
    expect(versions).toMatchObject([{ version: 1 }, { version: 2 }]);
    const { data: sessions } = await server.get('list_sessions', { query: { arm: 'canary', limit: '1' } });
    expect(sessions).toMatchObject([{ agent: { id: agentId }, alias: 'staging', rollout: { weight: 60 } }]);
  });

  test('of scores', async () => {
    const agent = await pawl.client.beta.agents.retrieve(agentId);
    const { id } = await openSession(pawl.client, { agent, environment_id: environmentId });
    const path = { id };
    const comment = 'Right, but late';
    await server.get('create_session_score', { path, body: { name: 'helpful', value: 0.5, comment } });
    const solved = { name: 'solved', value: true, agent_id: agentId };
    await server.get('create_session_score', { path, body: solved });
    await server.get('list_session_scores', { path, query: { order: 'asc', limit: '1' } });
    await server.get('list_session_scores', { path });
  });

  test('of retention', async () => {
    const path = { id: agentId };
    await server.get('set_retention', { path, body: { days: 90, export: false, reason: 'For a while' } });
    await server.get('set_retention', { path, body: { days: null } });
    await server.get('list_retention', { query: { limit: '1' } });
    await server.get('delete_retention', { path });
    await server.get('retrieve_retention', { path });
    const query = { agent_id: agentId, 'created_at[gte]': '2026-01-31T12:00:00Z' };
    await server.get('export_sessions', { query: { ...query, 'created_at[lt]': '2999-01-31T12:00:00Z' } });
  });

  test('of costs', async () => {
    const path = { id: agentId };
    await server.get('retrieve_agent_costs', { path });
    const query = { 'created_at[gte]': '2026-01-01T00:00:00Z', 'created_at[lt]': '2026-02-01T00:00:00Z' };
    await server.get('retrieve_agent_costs', { path, query });
  });

  test('of the audit log', async () => {
    const subject = `${agentId}@production`;
    const { data } = (await server.get('list_audit', { query: { subject, order: 'asc' } })) as Record<
      string,
      { action: string }[]
    >;
    expect(data?.map(({ action }) => action)).toContain('alias.promoted');
    await server.get('list_audit', { query: { limit: '200' } });
    const text = String((await server.ask('export_audit')).body);
    const lines = text.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) {
      const entry = { type: 'audit_entry', ...JSON.parse(line) };
      expect(server.misfits('AuditEntry', entry)).toEqual([]);
    }
    expect(await server.get('verify_audit')).toMatchObject({ ok: true });
  });

  test('of signing in', async () => {
    const { secret } = await server.get('create_key', { body: { name: 'ann', role: 'viewer' } });
    await server.get('sign_in', { body: { key: secret }, key: false });
    expect(await server.ask('sign_in', { body: { key: 'wrong' }, key: false })).toMatchObject({
      status: 401,
    });
    await server.get('sign_out', { key: false });
    expect(await server.get('retrieve_me')).toMatchObject({ how: 'key', expires_at: null });
  });

  test('of API keys', async () => {
    const { id } = await server.get('create_key', { body: { name: 'for a build', role: 'editor' } });
    await server.get('update_key', { path: { id: id ?? '' }, body: { rate_limit_per_minute: 600 } });
    await server.get('list_keys');
    await server.get('revoke_key', { path: { id: id ?? '' } });
  });

  test('of webhooks', async () => {
    const body = { url: 'http://127.0.0.1:1/hook', enabled_events: ['promotion.created'] };
    const { id } = await server.get('create_webhook', { body });
    const path = { id: id ?? '' };
    await server.get('create_webhook', { body: { ...body, enabled_events: ['*'], description: 'All' } });
    await server.get('list_webhooks', { query: { limit: '1' } });
    await server.get('retrieve_webhook', { path });
    await server.get('regenerate_webhook_signing_secret', { path });
    const sent = await server.get('test_webhook', { path });
    await server.get('replay_webhook_delivery', { path: { id: sent['id'] ?? '' } });
    await server.get('list_webhook_deliveries', { path });
    await server.get('list_dead_deliveries', { query: { webhook_id: path.id, event_type: 'webhook.test' } });
    await server.get('replay_dead_deliveries', { path, body: { since: '2026-01-31T12:00:00Z' } });
    await server.get('update_webhook', { path, body: { state: 'disabled', description: null } });
    expect(await server.ask('test_webhook', { path })).toMatchObject({ status: 409 });
    await server.get('list_webhook_deliveries', { path, query: { status: 'pending' } });
    await server.get('delete_webhook', { path });
  });

  test('of statistics', async () => {
    await server.get('list_statistics');
    for (const { name, example } of catalog) {
      await server.get('calculate_statistic', { path: { name }, body: example });
    }
  });

  test('of the document itself', async () => {
    await server.get('make_backup');
    expect(await server.get('retrieve_server')).toMatchObject({
      database: 'sqlite',
      falls_back_to_offline: true,
    });
    await server.get('retrieve_openapi');
  });

  test('of every operation that there is', () => {
    const all = operationsOf(server.document).map(({ operationId }) => operationId);
    expect([...server.answered].toSorted()).toEqual(all.toSorted());
  });
});

describe('The errors are as the document says', () => {
  test('of every operation that is called without a key', async () => {
    const closed = operationsOf(server.document).filter(({ security }) => security?.length !== 0);
    for (const { operationId } of closed) {
      expect(await server.ask(operationId, { key: false })).toMatchObject({ status: 401 });
    }
  });

  test('of every operation on something that is not there', async () => {
    const placed = operationsOf(server.document).filter(({ path }) => path.includes('{'));
    expect(placed.length).toBeGreaterThan(10);
    const bodies: Record<string, object> = {
      create_case: { session_id: 'sesn_1', target: null },
      set_alias: { version: 1, from: null },
      change_release_settings: { default_alias: null },
      review_promotion: { decision: 'approve' },
      create_session_score: { name: 'helpful', value: 1 },
      update_key: { rate_limit_per_minute: null },
      set_retention: { days: 90 },
    };
    for (const { operationId } of placed) {
      const asked = { path: { id: 'nothing', name: 'nothing', alias: 'nothing' } };
      const body = bodies[operationId];
      expect(await server.ask(operationId, { ...asked, ...(body && { body }) })).toMatchObject({
        status: 404,
      });
    }
  });

  test('of every list that is asked for with a cursor of another', async () => {
    const listed = operationsOf(server.document).filter(({ parameters }) =>
      parameters.some(({ name }) => name === 'page'),
    );
    expect(listed.length).toBeGreaterThan(5);
    const [run] = ((await server.get('list_eval_runs')) as Record<string, { id: string }[]>)['data'] ?? [];
    const places: Record<string, string | undefined> = {
      list_eval_results: run?.id,
      list_session_scores: 'sesn_1',
      list_rollout_events: 'roll_1',
      list_alias_moves: agentId,
      list_versions: agentId,
      list_webhook_deliveries: 'wbhk_1',
    };
    for (const { operationId } of listed) {
      const id = places[operationId] ?? 'tickets';
      const asked = { path: { id, alias: 'production' }, query: { page: 'page_of_another_list' } };
      expect(await server.ask(operationId, asked)).toMatchObject({
        body: { error: { details: { error_code: 'invalid_page' } } },
      });
    }
  });

  test('of bodies that are no good', async () => {
    const taking = operationsOf(server.document).filter(({ requestBody }) => requestBody?.required === true);
    expect(taking.length).toBeGreaterThan(5);
    for (const { operationId } of taking) {
      const asked = { path: { id: 'tickets', name: 'mean', alias: 'next' }, body: { unheard_of: 1 } };
      expect(await server.ask(operationId, asked)).toMatchObject({ status: 400 });
    }
  });
});
