import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { callServer, RefusedError } from './api-client.ts';

/** What a command gets to know of a refusal. */
async function refusal(status: number, body: unknown): Promise<unknown> {
  const server = createServer((_, response) => response.writeHead(status).end(JSON.stringify(body)));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const call = callServer({ url, key: null, key_from: null }, { method: 'POST', path: '/' });
  return call.catch((error: unknown) => error);
}

const error = (error_code: string) => ({
  type: 'error',
  error: { type: 'permission_error', message: 'No.', details: { error_code } },
});

test.each(['own_promotion', 'permission'])(
  'Refusals of one status differ by their code: %s',
  async (code) => {
    const refused = await refusal(403, error(code));
    expect(refused).toBeInstanceOf(RefusedError);
    expect(refused).toMatchObject({ message: 'No.', status: 403, code });
  },
);

test.each([
  ['nothing', null],
  ['no code', { error: { message: 'No.' } }],
  ['something else as its code', { error: { message: 'No.', details: { error_code: 7 } } }],
])('A refusal with %s has none', async (_, body) => {
  expect(await refusal(409, body)).toMatchObject({ status: 409, code: null });
});
