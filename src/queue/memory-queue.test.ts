import { describe, expect, test } from 'vitest';
import { createMemoryQueue } from './memory-queue.ts';
import type { Job, NewJob, Queue, Taking } from './queue.ts';

/** A turn of a session, whose group is the first letter of its name. */
const turn = (subject: string): NewJob => ({
  ...{ queue: 'turns', subject, attempt: 1, group: subject.charAt(0), resumes: false },
});

function queueWith(...subjects: string[]): Queue {
  const queue = createMemoryQueue();
  queue.announce(subjects.map(turn));
  return queue;
}

const all: Taking = { limit: 100, without: [], urgent: false };
const take = (queue: Queue, taking: Partial<Taking> = {}) => queue.take('turns', { ...all, ...taking });
const subjectsOf = (jobs: readonly Job[]): string[] => jobs.map(({ subject }) => subject);
const taken = async (queue: Queue, taking?: Partial<Taking>) => subjectsOf(await take(queue, taking));

describe('What waits in memory', () => {
  test('is handed out in order of arrival, each once, and no more than was asked for', async () => {
    const queue = queueWith('a', 'b', 'c');
    expect(queue.waiting('turns')).toBe(3);
    expect(await taken(queue, { limit: 2 })).toEqual(['a', 'b']);
    expect(await taken(queue)).toEqual(['c']);
    expect(await taken(queue)).toEqual([]);
    expect(queue.waiting('turns')).toBe(0);
  });

  test('is kept apart from what waits in another queue', async () => {
    const queue = queueWith('a');
    queue.announce([{ ...turn('run'), queue: 'eval_runs' }]);
    expect(await taken(queue)).toEqual(['a']);
    expect(subjectsOf(await queue.take('eval_runs', all))).toEqual(['run']);
  });

  test('is handed out to the group that has the least under way first', async () => {
    const queue = queueWith('a1', 'a2', 'a3', 'b1', 'c1', 'b2');
    expect(await taken(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  });

  test('counts for its group until it is over or given back', async () => {
    const queue = queueWith('a1', 'b1');
    const [a1, b1] = await take(queue);
    queue.announce([turn('a2'), turn('b2')]);
    if (b1 !== undefined) await queue.done(b1);
    expect(await taken(queue, { limit: 1 })).toEqual(['b2']);
    if (a1 !== undefined) await queue.giveBack(a1);
    expect(await taken(queue, { limit: 1 })).toEqual(['a2']);
  });

  test('stays where its group is left out', async () => {
    const queue = queueWith('a1', 'b1', 'a2');
    expect(await taken(queue, { without: ['a'] })).toEqual(['b1']);
    expect(await taken(queue)).toEqual(['a1', 'a2']);
  });

  test('comes before everything else once it was hurried, whatever its group has under way', async () => {
    const queue = queueWith('a1', 'b1', 'a2', 'a3');
    expect(await taken(queue, { urgent: true })).toEqual([]);
    await queue.hurry('turns', 'a3');
    expect(await taken(queue, { limit: 1, without: ['a'] })).toEqual(['a3']);
    await queue.hurry('turns', 'a2');
    expect(await taken(queue, { urgent: true })).toEqual(['a2']);
    expect(await taken(queue)).toEqual(['b1', 'a1']);
  });

  test('is not hurried when it does not wait', async () => {
    const queue = queueWith('b1');
    await queue.hurry('turns', 'a1');
    queue.announce([turn('a1')]);
    expect(await taken(queue)).toEqual(['b1', 'a1']);
  });

  test('comes again when it was given back, behind the others, and says how often', async () => {
    const queue = queueWith('a', 'b');
    const [job] = await take(queue, { limit: 1 });
    if (job !== undefined) await queue.giveBack(job);
    const jobs = await take(queue);
    expect(jobs.map(({ subject, retries }) => [subject, retries])).toEqual([
      ['b', 0],
      ['a', 1],
    ]);
  });

  test('is told of to whoever takes it: when it comes, is given back, or is hurried', async () => {
    const queue = createMemoryQueue();
    let looks = 0;
    queue.onWork('turns', () => looks++ < 0);
    queue.onWork('duties', () => expect.unreachable('There is no duty'));
    queue.announce([turn('a')]);
    expect(looks).toBe(1);
    await queue.hurry('turns', 'a');
    expect(looks).toBe(2);
    const [job] = await take(queue);
    if (job !== undefined) await queue.giveBack(job);
    expect(looks).toBe(3);
  });
});
