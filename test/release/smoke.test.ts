import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { firstPrompt, secondPrompt, thirdPrompt } from '../../src/cli/tutorial/prompts.ts';
import { startPawl } from '../pawl.ts';

test('smoke', async () => {
  const pawl = await startPawl({}, { in_memory: true });
  const call = async (method: string, path: string, body?: unknown, key = pawl.key) => {
    const r = await fetch(pawl.url + path, { method, headers: { 'x-api-key': key, 'content-type': 'application/json' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const text = await r.text();
    try { return { status: r.status, ...JSON.parse(text) }; } catch { return { status: r.status, text }; }
  };
  const key = async (name: string, role: string) => (await call('POST', '/pawl/v1/keys', { name, role })).secret as string;
  const [ann, bob, rel] = [await key('ann', 'editor'), await key('bob', 'reviewer'), await key('rel', 'releaser')];
  const agent = await call('POST', '/v1/agents', { name: 'triage', model: 'claude-x', system: firstPrompt }, ann);
  const import_ = await fetch(`${pawl.url}/pawl/v1/datasets/import?name=tickets&format=jsonl`, { method: 'POST', headers: { 'x-api-key': ann, 'content-type': 'application/x-ndjson' }, body: readFileSync('src/cli/tutorial/tickets.jsonl') });
  console.log(import_.status, await import_.text());
  console.log(await call('POST', '/pawl/v1/evals', { name: 'triage', agent: agent.id, dataset: 'tickets', message: 'Subject: {{subject}}\n\n{{body}}', reply: { json: 'team' }, scorers: ['exact'] , epochs: 1, gate: {max_lost_cases: 1}}, ann));
  console.log(await call('POST', `/pawl/v1/agents/${agent.id}/aliases/production`, { version: 1, from: null }, ann));
  console.log(await call('POST', `/pawl/v1/agents/${agent.id}/aliases/production`, { version: 1, from: null }, rel));
  await call('POST', `/v1/agents/${agent.id}`, { system: secondPrompt }, ann);
  let p = await call('POST', '/pawl/v1/promotions', { agent_id: agent.id, version: 2, eval: 'triage', reason: 'try' }, ann);
  console.log(p);
  const wait = async (id: string) => { for (;;) { const x = await call('GET', `/pawl/v1/promotions/${id}`); if (x.evidence?.verdict) return x; if (x.evidence?.error) throw new Error(x.evidence.error); await new Promise((r) => setTimeout(r, 50)); } };
  p = await wait(p.id);
  console.log(p.blockers, p.approvals);
  console.log(await call('POST', `/pawl/v1/promotions/${p.id}/reviews`, { decision: 'approve' }, ann));
  console.log((await call('POST', `/pawl/v1/promotions/${p.id}/reviews`, { decision: 'approve' }, bob)).status);
  console.log(await call('POST', `/pawl/v1/promotions/${p.id}/apply`, {}, rel));
  await call('POST', `/v1/agents/${agent.id}`, { system: thirdPrompt }, ann);
  let q = await call('POST', '/pawl/v1/promotions', { agent_id: agent.id, version: 3, eval: 'triage' }, ann);
  q = await wait(q.id);
  console.log((await call('POST', `/pawl/v1/promotions/${q.id}/reviews`, { decision: 'approve' }, bob)));
  console.log((await call('POST', `/pawl/v1/promotions/${q.id}/apply`, {}, rel)));
  console.log((await call('GET', `/v1/agents/${agent.id}@production`)).version);
  const env = await call('POST', '/v1/environments', { name: 'e' });
  const s = await call('POST', '/v1/sessions', { agent: `${agent.id}@production`, environment_id: env.id });
  console.log(s.pawl);
  console.log(await call('POST', `/pawl/v1/agents/${agent.id}/aliases/production/rollback`, { running: 'interrupt', reason: 'bad' }, rel));
  console.log(await call('POST', `/pawl/v1/agents/${agent.id}/aliases/production/rollback`, {}, rel));
  console.log((await call('GET', `/pawl/v1/agents/${agent.id}/aliases/production/moves`)).data);
  console.log((await call('GET', `/v1/sessions/${s.id}`)).pawl);
  console.log(await call('GET', `/pawl/v1/audit/verify`));
  console.log((await call('GET', `/pawl/v1/audit?limit=100`)).data.map((e: any) => [e.seq, e.action, e.outcome, e.actor.name, e.reason].join(' | ')).join('\n'));
  expect((await call('GET', `/v1/agents/${agent.id}@nope`)).status).toBe(404);
  await pawl.server.close();
});
