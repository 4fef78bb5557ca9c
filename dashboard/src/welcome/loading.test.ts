import { expect, test } from 'vitest';
import { load, look, type Made, type Progress, type Step } from './loading.ts';

/** Steps that remember what was made, as a server does; making one fails once where `breaksAt` says so. */
function stepsOn(server: Made[], breaksAt = -1): Step[] {
  let broken = false;
  return [0, 1, 2].map((at) => ({
    ...{ title: `step ${at}`, why: '', to: () => '/' },
    find: async () => server[at] ?? null,
    make: async ({ newest = 0 }, model) => {
      if (at === breaksAt && !broken) {
        broken = true;
        throw new Error('The server does not answer');
      }
      server[at] = { newest: newest + 1, dataset: model };
      return server[at];
    },
  }));
}

test('loading tells of each step, and hands on what was made', async () => {
  const told: Progress[] = [];
  await load(stepsOn([]), { model: 'm', onProgress: (progress) => told.push(progress) });
  expect(told.map(({ made, done }) => [made.newest, made.dataset, done])).toEqual([
    [1, 'm', 1],
    [2, 'm', 2],
    [3, 'm', 3],
  ]);
});

test('what broke off is found again, and goes on without making anything twice', async () => {
  const server: Made[] = [];
  const steps = stepsOn(server, 1);
  const onProgress = (): void => {};
  await expect(load(steps, { model: 'first', onProgress })).rejects.toThrow('does not answer');
  expect(await look(steps)).toEqual({ made: { newest: 1, dataset: 'first' }, done: 1 });
  await load(steps, { model: 'second', onProgress });
  expect(server.map(({ dataset }) => dataset)).toEqual(['first', 'second', 'second']);
  expect((await look(steps)).done).toBe(3);
});
