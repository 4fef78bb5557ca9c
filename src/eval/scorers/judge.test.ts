import { expect, test } from 'vitest';
import type { JudgeReply } from '../judge-port.ts';
import type { Scored } from '../score.ts';
import { create, schema } from './judge.ts';

const passing = (cost_usd: number | null): JudgeReply => ({ ok: true, text: '{"verdict":"pass"}', cost_usd });
const lost: JudgeReply = { ok: false, reason: 'gone' };
const scored = { case: { input: 'x', fields: {}, target: 'y' }, outcome: { reply: 'y', tool_calls: [] } };

test.each<[string, readonly JudgeReply[], number | null, number | null]>([
  ['the sum of its votes', [passing(2), passing(3)], 1, 5],
  ['nothing for a vote that never came', [lost, passing(3)], null, 3],
  ['nothing where no vote came', [lost, lost], null, 0],
  ['what nobody knows where a vote has no price', [passing(2), passing(null)], 1, null],
])('A judgement costs %s', async (_name, replies, value, cost_usd) => {
  const left = [...replies];
  const judges = {
    agent: async () => ({ agent_id: 'a', version: 1, name: 'j', model: 'm', config_hash: 'h' }),
    ask: async () => left.shift() ?? lost,
  };
  const config = schema.parse({ type: 'judge', rubric: 'It is right.', model: 'm' });
  const scorer = await create(config, { judges, eval_name: 'e' });
  const score = await scorer.score(scored as unknown as Scored, new AbortController().signal);
  expect(score).toMatchObject({ value, cost_usd });
});
