import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PromotionResponse } from '../../src/api/promotions.ts';
import { type ModelServer, startModelServer } from '../model-server.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import type { Setting } from '../story.ts';
import { all, ask, type ComparisonResponse, putDataset, putEval, refusal, resultsOf } from './eval-story.ts';
import {
  enough,
  makeTeams,
  namesTeam,
  openOnProduction,
  settled,
  talk,
  talkOfMany,
  teamModel,
} from './recorded-story.ts';

/*
 * The goal: what users have said is put to another version, and the gate finds what it does worse than what they were
 * answered. The method: users talk to a server through the official SDK, then backtests with a version that has lost its
 * work and with one that has not.
 */

let model: ModelServer;
let pawl: TestPawl;
let setting: Setting;
let users: string[];

beforeAll(async () => {
  model = await startModelServer({ reply: teamModel });
  pawl = await startPawl({ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' });
  setting = await makeTeams(pawl);
  users = await talkOfMany(pawl.client, setting, enough);
});

afterAll(async () => {
  await pawl.server.close();
  await model.close();
});

const backtest = async (fields: Readonly<Record<string, unknown>>): Promise<ComparisonResponse> => {
  const body = { agent_id: setting.agent.id, candidate_version: 2, scoring: namesTeam, ...fields };
  return settled(pawl, await ask<ComparisonResponse>(pawl, '/backtests', body));
};

test('A version that has lost its work fails against what users were answered, and nobody is asked twice for that', async () => {
  const before = model.requests.length;
  const found = await backtest({});
  expect(found).toMatchObject({ status: 'completed', verdict: 'fail', error: null });
  expect(model.requests.length - before).toBe(enough);
  expect(found.baseline).toMatchObject({ recorded: 'production', agent_version: 1, epochs: 1 });
  expect(found.baseline.counts).toMatchObject({ done: enough, errors: 0, cost_usd: 0 });
  expect(found.baseline.counts.usage).toMatchObject({ input_tokens: 0, output_tokens: 0 });
  expect(found.candidate).toMatchObject({ recorded: null, agent_version: 2 });
  expect(found.origin).toMatchObject({ type: 'backtest', alias: 'production', taken: enough, left_out: {} });
  expect(found.report?.warnings.shown.map(({ code }) => code)).toContain('recorded');
  const recorded = await resultsOf(pawl, found.baseline.id);
  expect(recorded.map(({ outcome }) => outcome?.session_id).toSorted()).toEqual(users.toSorted());
  expect(
    recorded.every(({ outcome }) => outcome?.reply.startsWith('{"team":') && outcome.latency_ms > 0),
  ).toBe(true);
});

test('A version that works as well passes, and what was answered before is not scored again', async () => {
  const found = await backtest({ candidate_version: 3 });
  expect(found).toMatchObject({ status: 'completed', verdict: 'pass' });
  expect(found.baseline.counts).toMatchObject({ done: enough, reused: enough });
});

test('The cases and the gate of an eval stay out of it, and its scorers, reader and margin come in', async () => {
  await putDataset(pawl, 'other', [{ id: 'a', input: 'for billing', target: 'billing', group: 'money' }]);
  await putEval(pawl, {
    ...{ name: 'teams', agent: setting.agent.id, dataset: 'other', reply: { json: 'team' } },
    ...{
      message: 'Ticket: {{input}}',
      scorers: [{ type: 'contains', texts: ['billing', 'support'], mode: 'any' }],
    },
    gate: { margin: 0.03, groups: { money: 'critical' } },
  });
  const found = await backtest({ eval: 'teams', scoring: undefined });
  expect(found).toMatchObject({ status: 'completed', verdict: 'fail' });
  expect(found.gate).toMatchObject({ margin: { critical: 0.03 }, groups: {}, metrics: ['contains'] });
  expect(found.candidate).toMatchObject({ eval_name: 'teams.recorded' });
  expect(found.candidate.counts.total).toBe(enough);
});

test('What was answered can be what is expected', async () => {
  const scoring = { scorers: ['exact'], reply: { json: 'team' }, gate: { margin: 0.08 } };
  const found = await backtest({ candidate_version: 3, scoring, expected_from: 'recorded', limit: 50 });
  expect(found).toMatchObject({ status: 'completed', verdict: 'pass' });
  expect(found.origin).toMatchObject({ taken: 50, expected_from: 'recorded', limit: 50 });
});

test('A backtest is no evidence for a promotion, whatever it found', async () => {
  const found = await backtest({ candidate_version: 3 });
  const { id } = setting.agent;
  const asked = { agent_id: id, alias: 'production', version: 3, eval: found.eval_id };
  const refused = await refusal(pawl, '/promotions', { ...asked, comparison: found.id });
  expect(refused.message).toMatch(/^comparison: .* is no evidence here/);
  const promotion = await ask<PromotionResponse>(pawl, '/promotions', asked);
  expect(promotion.evidence?.comparison_id).not.toBe(found.id);
  await ask(pawl, `/promotions/${promotion.id}/withdraw`, {});
});

describe('Sessions that cannot be put to another version', () => {
  test('are left out, and the reasons counted', async () => {
    const { client } = pawl;
    const other = await makeTeams(pawl);
    const { agent, environment_id } = other;
    const several = await openOnProduction(client, other);
    await talk(client, several, 'one for billing', 'two for support');
    await openOnProduction(client, other);
    const pinned = { type: 'agent' as const, id: agent.id, version: 1 };
    const direct = await client.beta.sessions.create({ agent: pinned, environment_id });
    const overridden = await client.beta.sessions.create({
      agent: { type: 'agent_with_overrides', id: `${agent.id}@production`, system: 'Be kind.' },
      environment_id,
    });
    const own = await openOnProduction(client, other, { pawl_eval_run: 'erun_1' });
    const good = await openOnProduction(client, other, { targeting_key: 'u-1' });
    for (const id of [direct.id, overridden.id, own, good]) await talk(client, id, 'ticket for billing');
    model.when(({ messages }) => messages.at(-1)?.text === 'break', { status: 400 });
    await talk(client, await openOnProduction(client, other), 'break');
    const found = await backtest({ agent_id: agent.id });
    expect(found.origin).toMatchObject({
      taken: 1,
      left_out: {
        ...{
          several_messages: 1,
          unanswered: 1,
          not_by_alias: 1,
          overridden: 1,
          not_from_users: 1,
          failed: 1,
        },
      },
    });
    const [kept] = await resultsOf(pawl, found.baseline.id);
    expect(kept?.case_id).toBe(good);
    // However it got its version, and whatever its alias stands for.
    const byVersion = await backtest({ agent_id: agent.id, version: 1 });
    expect(byVersion.origin).toMatchObject({ taken: 2, alias: null });
    const cases = await all<{ case: { cluster: string | null } }>(
      pawl,
      `/datasets/recorded.${agent.id}/cases`,
    );
    expect(JSON.stringify(cases)).not.toContain('u-1');
    const nobody = await refusal(pawl, '/backtests', {
      ...{ agent_id: agent.id, candidate_version: 2, scoring: namesTeam, version: 2 },
    });
    expect(nobody.message).toMatch(/^from: no session of version 2 /);
  });
});

describe('A backtest is refused', () => {
  test('of an agent that is archived, before anything is made for it', async () => {
    const archived = await makeTeams(pawl);
    await pawl.client.beta.agents.archive(archived.agent.id);
    const body = { agent_id: archived.agent.id, candidate_version: 2, scoring: namesTeam };
    expect(await refusal(pawl, '/backtests', body)).toMatchObject({ status: 400, code: 'agent_archived' });
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ['without scorers', { scoring: undefined }, /^eval: must be given, or else scoring$/],
    ['with two ways to score', { eval: 'teams' }, /^scoring: must not be given beside an eval$/],
    ['of an unknown eval', { eval: 'none', scoring: undefined }, /^eval none does not exist$/],
    [
      'whose scorer needs what is expected',
      { scoring: { scorers: ['exact'] } },
      /^scoring\.scorers: the scorer exact /,
    ],
    ['with an unknown scorer', { scoring: { scorers: ['exakt'] } }, /^scoring\.scorers\.0/],
    [
      'with an unknown metric',
      { scoring: { ...namesTeam, gate: { metrics: ['f1'] } } },
      /^scoring\.gate\.metrics\.0: /,
    ],
    ['that expects something else', { expected_from: 'labels' }, /^expected_from: must be "recorded"/],
    ['without a candidate', { candidate_version: undefined }, /^candidate_version: /],
    ['of a candidate that is not there', { candidate_version: 9 }, /has no version 9$/],
    ['of a version that is not there', { version: 9 }, /has no version 9$/],
    ['of an alias that is not there', { alias: 'staging' }, /^alias staging of agent \w+ does not exist$/],
    ['of no alias', { alias: 'Not a name' }, /^alias: /],
    ['of no agent', { agent_id: 'agent_none' }, /^agent agent_none does not exist$/],
    ['of more than 5,000 sessions', { limit: 5001 }, /^limit: /],
    ['that begins at no time', { from: 'yesterday' }, /^from: must be an RFC 3339 time/],
    [
      'that ends before it begins',
      { from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' },
      /^from: must be before /,
    ],
    ['with a field of its own', { dataset: 'x' }, /dataset/],
  ])('%s', async (_, fields, message) => {
    const body = { agent_id: setting.agent.id, candidate_version: 2, scoring: namesTeam, ...fields };
    expect((await refusal(pawl, '/backtests', body)).message).toMatch(message);
  });
});
