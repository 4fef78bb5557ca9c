import { expect, test } from 'vitest';
import { sessionCreate } from './sessions.ts';

test('The id of a vault is one that a database can be asked for', () => {
  const body = { agent: 'agent_1', environment_id: 'env_1', vault_ids: ['vlt_1', 'vlt_\0'] };
  expect(sessionCreate.safeParse(body).error?.issues).toMatchObject([
    { path: ['vault_ids', 1], message: 'must not hold NUL' },
  ]);
});
