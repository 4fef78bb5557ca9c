import { afterEach, expect, test, vi } from 'vitest';
import { ApiError, read, send, withQuery } from './client.ts';

afterEach(() => vi.unstubAllGlobals());

const given = (id: string) => `/pawl/v1/webhooks/${id}`;

test.each([
  '..',
  '../keys',
  './x',
  '%2e%2E/keys',
  '.%2e/keys',
  '..\\keys',
  'x/../../keys',
  '.\t./keys',
  'x#y',
  'a b',
])('an id that leads elsewhere, %j, asks nobody', async (id) => {
  const fetched = vi.fn();
  vi.stubGlobal('fetch', fetched);
  await expect(read(given(id))).rejects.toThrow(ApiError);
  await expect(send(`${given(id)}/test`)).rejects.toMatchObject({ status: 404 });
  expect(fetched).not.toHaveBeenCalled();
});

test('an id with a query of its own asks nobody', async () => {
  const fetched = vi.fn();
  vi.stubGlobal('fetch', fetched);
  await expect(read(given('x?y=z'), { limit: 1 })).rejects.toThrow('leads to nothing');
  expect(fetched).not.toHaveBeenCalled();
});

test('dots and odd letters in names and in what is searched for do no harm', async () => {
  const fetched = vi.fn(async (_url: string) => Response.json({ is: 'there' }));
  vi.stubGlobal('fetch', fetched);
  const paths = [given('v1.2..3'), given('..x'), given(encodeURIComponent('a/../b c?#'))];
  for (const path of paths) expect(await read(path, { search: '../?#\\ ' })).toEqual({ is: 'there' });
  expect(fetched.mock.calls.map(([url]) => url)).toEqual(
    paths.map((path) => withQuery(path, { search: '../?#\\ ' })),
  );
});
