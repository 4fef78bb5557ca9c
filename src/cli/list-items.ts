import { callServer, type ServerAccess } from './api-client.ts';
import { CommandError } from './command-error.ts';

type Page = { readonly next_page: string | null };

const mostPages = 1000;

/** Everything that a list of the API holds, in its order. `path` may have a query. @throws CommandError */
export async function* listItems<T>(server: ServerAccess, path: string): AsyncGenerator<T> {
  for await (const { data } of listPages<Page & { readonly data: readonly T[] }>(server, path)) yield* data;
}

/**
 * The pages of a list of the API, a hundred items on each. `path` may have a query.
 * @throws CommandError, also when there are more than so many pages.
 */
export async function* listPages<P extends Page>(
  server: ServerAccess,
  path: string,
  most: number = mostPages,
): AsyncGenerator<P> {
  const more = `${path}${path.includes('?') ? '&' : '?'}limit=100&page=`;
  let page: string | null = '';
  for (let pages = 0; page !== null; pages++) {
    if (pages === most) throw new CommandError(`The list at ${server.url}${path} has no end`);
    const request = { method: 'GET', path: `${more}${encodeURIComponent(page)}` } as const;
    const answer: P = await callServer<P>(server, request);
    yield answer;
    page = answer.next_page;
  }
}
