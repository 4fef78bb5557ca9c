import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { listItems, listPages } from './list-items.ts';

/** A server whose list has so many pages of one item each. */
async function listOf(pages: number) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const page = Number(new URL(request.url ?? '', 'http://host').searchParams.get('page'));
    response.end(JSON.stringify({ data: [page], next_page: page + 1 < pages ? String(page + 1) : null }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { asked, access: { url, key: null, key_from: null } };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test('A list is read page by page to its end, with the query that it has', async () => {
  const { asked, access } = await listOf(3);
  expect(await all(listItems<number>(access, '/list?kind=a'))).toEqual([0, 1, 2]);
  expect(asked).toEqual(['', '1', '2'].map((page) => `/list?kind=a&limit=100&page=${page}`));
});

test('Whoever has found what they look for asks for no more', async () => {
  const { asked, access } = await listOf(3);
  for await (const item of listItems<number>(access, '/list')) if (item === 1) break;
  expect(asked).toEqual(['/list?limit=100&page=', '/list?limit=100&page=1']);
});

test('A list without an end is given up', async () => {
  const { asked, access } = await listOf(Infinity);
  await expect(all(listPages(access, '/list', 4))).rejects.toThrow(`${access.url}/list has no end`);
  expect(asked).toHaveLength(4);
  await expect(all(listItems(access, '/list'))).rejects.toThrow('has no end');
});
