import { expect, test } from 'vitest';
import type { Audit } from '../access/audit.ts';
import { PawlError } from '../core/errors.ts';
import { orWriteDown } from './refusals.ts';

const attempt: Parameters<typeof orWriteDown>[1] = {
  action: 'alias.set',
  actor: { key_id: null, name: 'ann', role: 'editor' },
  subject: { type: 'alias', id: 'agent_a@production' },
};

/** What is written down when work fails with an error, which has to come back. */
async function writtenOf(error: Error): Promise<object[]> {
  const written: object[] = [];
  const audit = { refuse: async (fact: object) => void written.push(fact) } as Audit;
  const work = orWriteDown(audit, attempt, async () => {
    throw error;
  });
  await expect(work).rejects.toBe(error);
  return written;
}

const codes = [
  'permission',
  'alias_moved',
  'version_not_found',
  'agent_archived',
  'invalid_request',
] as const;
test.each(codes)('An attempt that ends with %s is written down with its reason', async (code) => {
  expect(await writtenOf(new PawlError(code, 'no'))).toEqual([{ ...attempt, reason: 'no' }]);
});

test('What fails because of the server is no refusal', async () => {
  for (const error of [new PawlError('overloaded', 'later'), new Error('The disk is full')]) {
    expect(await writtenOf(error)).toEqual([]);
  }
});
