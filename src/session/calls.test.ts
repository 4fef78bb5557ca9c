import { describe, expect, test } from 'vitest';
import type { ToolUse } from '../model/model.ts';
import { answerCall, callsOf } from './calls.ts';

function made(uses: readonly ToolUse[]) {
  let id = 0;
  const find = (name: string) => (name === 'clock' ? ({ kind: 'custom' } as const) : null);
  return callsOf(uses, { find, nextId: () => `sevt_${++id}` });
}

describe('The calls of a reply', () => {
  test('are cut off where they are too many, and the first that is too much says so', () => {
    const { uses, answers, open } = made(
      Array.from({ length: 100_000 }, () => ({ name: 'clock', input: {} })),
    );
    expect(open).toHaveLength(100);
    expect(uses).toHaveLength(101);
    expect(uses.at(-1)).toMatchObject({
      type: 'agent.tool_use',
      name: 'clock',
      evaluated_permission: 'deny',
    });
    expect(answers).toMatchObject([
      {
        tool_use_id: uses.at(-1)?.id,
        is_error: true,
        content: [{ text: expect.stringMatching(/100 calls/) }],
      },
    ]);
    expect(made(Array.from({ length: 100 }, () => ({ name: 'clock', input: {} }))).answers).toEqual([]);
  });

  test('are answered in few words, however long the name that a model has made up', () => {
    const { answers } = made([{ name: 'n'.repeat(10_000), input: {} }]);
    expect(JSON.stringify(answers).length).toBeLessThan(500);
  });
});

test('An answer to no open call is refused in few words, however long the id is', () => {
  const answer = { type: 'user.custom_tool_result', custom_tool_use_id: 'x'.repeat(10_000) } as const;
  expect(() => answerCall([], answer)).toThrow(/^custom_tool_use_id: x{100} does not wait/);
});
