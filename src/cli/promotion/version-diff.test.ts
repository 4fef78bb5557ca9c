import { expect, test } from 'vitest';
import type { AgentResponse } from '../../api/wire/agents.ts';
import { versionDiff } from './version-diff.ts';

/** An agent at a version, but for what a test sets. */
function agent(set: Partial<AgentResponse> = {}): AgentResponse {
  return {
    ...{
      id: 'agent_a',
      type: 'agent',
      version: 1,
      name: 'triage',
      description: null,
      system: 'Sort tickets.',
    },
    ...{ model: { id: 'claude-a', speed: 'standard' }, tools: [], mcp_servers: [], skills: [] },
    ...{ multiagent: null, execution_identity: { type: 'service_account' }, metadata: {} },
    ...{ created_at: 'a', updated_at: 'a', archived_at: null },
    pawl: { config_hash: 'a', author: null, message: null, default_alias: null },
    ...set,
  } as AgentResponse;
}

test('Two versions differ by all that sessions get of them, and not by when they were made', () => {
  expect(versionDiff(agent(), agent({ version: 2, updated_at: 'b' }))).toEqual([]);
  const model = { id: 'claude-b', speed: 'standard' } as AgentResponse['model'];
  const changed = agent({ version: 2, model, system: 'Sort tickets.\nBe brief.' });
  expect(versionDiff(agent(), changed)).toEqual([
    '--- version 1',
    '+++ version 2',
    ...['@@ -1,6 +1,7 @@', ' ---', ' name: triage', '-model: claude-a', '+model: claude-b', ' ---', ' '],
    ...[' Sort tickets.', '+Be brief.'],
  ]);
});

test('What would hide itself on a terminal is spelled out', () => {
  const sly = agent({ version: 2, system: 'Sort\ttickets.\u001b[8m\u202e\u200b\ud800' });
  expect(versionDiff(agent(), sly)).toContain('+Sort\ttickets.\\u{1b}[8m\\u{202e}\\u{200b}\\u{d800}');
});
