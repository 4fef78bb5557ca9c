import { callServer, type ServerAccess } from '../api-client.ts';
import { CommandError } from '../command-error.ts';

type PageOf<T> = { readonly data: readonly T[]; readonly next_page: string | null };

const mostPages = 1000;

/** Everything that a list of the API holds, page by page. `path` may have a query. @throws CommandError */
export async function* listItems<T>(server: ServerAccess, path: string): AsyncGenerator<T> {
  const more = `${path}${path.includes('?') ? '&' : '?'}limit=100&page=`;
  let page: string | null = '';
  for (let pages = 0; page !== null; pages++) {
    if (pages === mostPages) throw new CommandError(`The list at ${server.url}${path} has no end`);
    const request = { method: 'GET', path: `${more}${encodeURIComponent(page)}` } as const;
    const answer: PageOf<T> = await callServer<PageOf<T>>(server, request);
    yield* answer.data;
    page = answer.next_page;
  }
}
