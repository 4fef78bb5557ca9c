import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { quietLog } from '../../test/pawl.ts';
import type { Log } from '../core/log.ts';
import { createMemoryQueue } from './memory-queue.ts';
import { createPuller, type Puller } from './puller.ts';
import type { Job, NewJob, Queue } from './queue.ts';

/** A turn of a session, whose group is the first letter of its name. */
const turn = (subject: string): NewJob => ({
  ...{ queue: 'turns', subject, attempt: 1, group: subject.charAt(0), resumes: false },
});

/** Work that ends when a test says so. */
type Work = {
  readonly job: Job;
  readonly signal: AbortSignal;
  readonly end: (how: 'done' | 'given_back' | Error) => void;
};

let pullers: Puller[];
beforeEach(() => {
  pullers = [];
});
afterEach(async () => {
  for (const puller of pullers) await puller.stop(0);
});

/** A puller whose work can be looked at; what is broken off is given back, as long as nothing else is said. */
function pull(given: Partial<Parameters<typeof createPuller>[0]> = {}) {
  const queue = given.queue ?? createMemoryQueue();
  const begun: Work[] = [];
  const work = (job: Job, signal: AbortSignal): Promise<'done' | 'given_back'> => {
    const { promise, resolve, reject } = Promise.withResolvers<'done' | 'given_back'>();
    const end: Work['end'] = (how) => (how instanceof Error ? reject(how) : resolve(how));
    signal.addEventListener('abort', () => resolve('given_back'));
    begun.push({ job, signal, end });
    return promise;
  };
  const puller = createPuller({ queue, log: quietLog, name: 'turns', most: 10, work, ...given });
  pullers.push(puller);
  const subjects = () => begun.map(({ job }) => job.subject);
  const of = (subject: string): Work => {
    const found = begun.findLast(({ job }) => job.subject === subject);
    if (found === undefined) throw new Error(`Nobody has begun ${subject}`);
    return found;
  };
  const add = (...names: string[]): void => queue.announce(names.map(turn));
  return { queue, puller, begun, subjects, of, add };
}

const doing = (puller: Puller): string[] => puller.jobs().map(({ subject }) => subject);

/** Lets everything happen that waits for nothing but promises. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A queue in memory that says it is durable, in which some things are different. */
const durable = (changes: Partial<Queue>): Queue => ({ ...createMemoryQueue(), durable: true, ...changes });

describe('A puller', () => {
  test('does nothing before it is started, and then what waits', async () => {
    const { add, puller, subjects } = pull();
    add('a');
    await settled();
    expect(subjects()).toEqual([]);
    puller.start();
    add('b');
    await settled();
    expect(subjects()).toEqual(['a', 'b']);
    expect([puller.running(), doing(puller)]).toEqual([2, ['a', 'b']]);
  });

  test('does no more side by side than it may, and goes on when one is over', async () => {
    const { add, puller, subjects, of } = pull({ most: 2 });
    puller.start();
    add('a', 'b', 'c', 'd');
    await settled();
    expect(subjects()).toEqual(['a', 'b']);
    of('a').end('done');
    await settled();
    expect(subjects()).toEqual(['a', 'b', 'c']);
    expect(puller.running()).toBe(2);
  });

  test('does no more of one group than it may, however they come', async () => {
    const { add, puller, subjects, of } = pull({ most: 4, most_of_group: 2 });
    puller.start();
    add('a1');
    await settled();
    add('a2', 'a3', 'a4', 'b1');
    await settled();
    expect(subjects()).toEqual(['a1', 'a2', 'b1']);
    of('a1').end('done');
    await settled();
    expect(subjects()).toEqual(['a1', 'a2', 'b1', 'a3']);
  });

  test('that begins with room for several takes no more of one group than it may', async () => {
    const queue = createMemoryQueue();
    const { add, puller, subjects } = pull({ queue, most: 8, most_of_group: 3 });
    add('a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'b2');
    puller.start();
    await settled();
    expect(subjects().toSorted()).toEqual(['a1', 'a2', 'a3', 'b1', 'b2']);
  });

  test('has room for what is in a hurry, even when it has none', async () => {
    const { add, puller, queue, subjects } = pull({ most: 1 });
    puller.start();
    add('a', 'b', 'c');
    await settled();
    await queue.hurry('turns', 'c');
    await settled();
    expect(subjects()).toEqual(['a', 'c']);
  });

  test('breaks off the work on one subject, and tells it why', async () => {
    const { add, puller, of } = pull();
    puller.start();
    add('a', 'b');
    await settled();
    expect([puller.has('a'), puller.has('a', 1), puller.has('a', 2), puller.has('c')]).toEqual([
      ...[true, true, false, false],
    ]);
    const why = new Error('It was canceled');
    puller.breakOff({ subject: 'a', attempt: 1 }, why);
    expect([of('a').signal.reason, of('b').signal.aborted]).toEqual([why, false]);
  });

  test('goes on with a later attempt than the one that was to be broken off', async () => {
    const { puller, queue, of } = pull();
    puller.start();
    queue.announce([{ ...turn('a'), attempt: 2 }]);
    await settled();
    puller.breakOff({ subject: 'a', attempt: 1 }, 'late');
    expect(of('a').signal.aborted).toBe(false);
    puller.breakOff({ subject: 'a', attempt: 2 }, 'in time');
    expect(of('a').signal.reason).toBe('in time');
  });

  test('gives back what could not be done, says so, and has it again after a rest', async () => {
    const logged: unknown[] = [];
    const log: Log = { ...quietLog, error: (fields) => void logged.push(fields) };
    const { add, puller, begun, of } = pull({ log });
    puller.start();
    add('a');
    await settled();
    const err = new Error('The disk is full');
    of('a').end(err);
    for (let rounds = 0; rounds < 20; rounds++) await settled();
    expect(begun).toHaveLength(1);
    await vi.waitFor(() => expect(begun).toHaveLength(2), 5000);
    expect(begun.map(({ job }) => [job.subject, job.retries])).toEqual([
      ['a', 0],
      ['a', 1],
    ]);
    expect(logged).toEqual([{ queue: 'turns', subject: 'a', err }]);
  });

  test('goes on when the end of a job cannot be written', async () => {
    const queue = { ...createMemoryQueue(), done: () => Promise.reject(new Error('connection lost')) };
    const { add, puller, subjects, of } = pull({ queue, most: 1 });
    puller.start();
    add('a', 'b');
    await settled();
    of('a').end('done');
    await settled();
    expect(subjects()).toEqual(['a', 'b']);
  });

  test('that cannot take work rests, says so, and tries again', async () => {
    const queue = createMemoryQueue();
    const warned: string[] = [];
    let failures = 2;
    const take: Queue['take'] = async (...asked) => {
      if (failures-- > 0) throw new Error('connection lost');
      return queue.take(...asked);
    };
    const log: Log = { ...quietLog, warn: (_, message) => void warned.push(message) };
    const { add, puller, subjects } = pull({ queue: { ...queue, take }, log });
    puller.start();
    add('a');
    await vi.waitFor(() => expect(subjects()).toEqual(['a']), 5000);
    expect(warned).toEqual(['No work could be taken; trying again', 'No work could be taken; trying again']);
  });
});

describe('A puller that stops', () => {
  test('does not wait for the end of a rest', async () => {
    const warned = Promise.withResolvers<void>();
    const take: Queue['take'] = () => Promise.reject(new Error('connection lost'));
    const log: Log = { ...quietLog, warn: () => warned.resolve() };
    const { puller } = pull({ queue: { ...createMemoryQueue(), take }, log });
    puller.start();
    await warned.promise;
    let isOver = false;
    void puller.stop(0).then(() => {
      isOver = true;
    });
    await settled();
    expect(isOver).toBe(true);
  });

  test('takes nothing more, and waits for what is under way as long as its grace', async () => {
    const { add, puller, subjects, of, queue } = pull({ most: 1 });
    puller.start();
    add('a', 'b');
    await settled();
    const stopped = puller.stop(60_000);
    await settled();
    of('a').end('done');
    await stopped;
    expect(subjects()).toEqual(['a']);
    expect(of('a').signal.reason).toBeUndefined();
    expect(queue.waiting('turns')).toBe(1);
  });

  test('tells what is left when the grace is over, and leaves it to others', async () => {
    const { add, puller, of, queue } = pull();
    puller.start();
    add('a', 'b');
    await settled();
    of('a').end('done');
    await settled();
    let patient = true;
    await puller.stop(0, () => {
      patient = of('b').signal.aborted;
    });
    expect(patient).toBe(false);
    expect([of('b').signal.reason, queue.waiting('turns')]).toEqual(['shutdown', 1]);
    const [left] = await queue.take('turns', { limit: 9, without: [], urgent: false });
    expect(left).toMatchObject({ subject: 'b', retries: 1 });
  });

  test('does what it was given while it was told to stop', async () => {
    const queue = createMemoryQueue();
    const answer = Promise.withResolvers<void>();
    const take: Queue['take'] = async (...asked) => {
      await answer.promise;
      return queue.take(...asked);
    };
    const { add, puller, of } = pull({ queue: { ...queue, take } });
    add('a');
    puller.start();
    const stopped = puller.stop(60_000);
    answer.resolve();
    await settled();
    of('a').end('done');
    await stopped;
    expect(queue.waiting('turns')).toBe(0);
  });
});

describe('A puller of work that others may have meanwhile', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  const beat = async (): Promise<void> => {
    vi.advanceTimersByTime(2500);
    await settled();
  };

  test('tells the queue now and then what it has, and when it began to', async () => {
    const touched: string[][] = [];
    const times: string[] = [];
    const queue = durable({
      touch: async (_, jobs) => {
        touched.push(jobs.map(({ subject }) => subject));
        times.push('touched');
        return [];
      },
    });
    const onTouch = () => {
      times.push('before');
      return () => void times.push('after');
    };
    const { add, puller } = pull({ queue, onTouch });
    puller.start();
    await beat();
    add('a', 'b');
    await settled();
    await beat();
    expect(touched).toEqual([[], ['a', 'b']]);
    expect(times).toEqual(['before', 'touched', 'after', 'before', 'touched', 'after']);
  });

  test('breaks off what it has lost, and ends nothing of it', async () => {
    const ended: string[] = [];
    const end = async ({ subject }: Job): Promise<void> => void ended.push(subject);
    const queue = durable({
      ...{ done: end, giveBack: end },
      touch: async (_, jobs) => jobs.flatMap(({ id, subject }) => (subject === 'a' ? [id] : [])),
    });
    const { add, puller, of } = pull({ queue });
    puller.start();
    add('a', 'b');
    await settled();
    await beat();
    expect([of('a').signal.reason, of('b').signal.aborted]).toEqual(['lost', false]);
    expect([ended, doing(puller)]).toEqual([[], ['b']]);
  });

  test('that has not been heard for a while hears nothing of it, and goes on', async () => {
    const touch = vi.fn<Queue['touch']>().mockRejectedValue(new Error('connection lost'));
    const after = vi.fn();
    const { add, puller, of } = pull({ queue: durable({ touch }), onTouch: () => after });
    puller.start();
    add('a');
    await settled();
    await beat();
    await beat();
    expect(touch).toHaveBeenCalledTimes(2);
    expect(after).not.toHaveBeenCalled();
    expect(of('a').signal.aborted).toBe(false);
  });

  test('that is given a job again leaves the work on it before, and keeps the new one', async () => {
    const queue = durable({});
    const ended: number[] = [];
    const jobs: Job[] = [{ ...turn('a'), id: 'job_a', retries: 0 }];
    queue.take = async () => jobs.splice(0);
    queue.done = async ({ retries }) => void ended.push(retries);
    const touched: number[][] = [];
    queue.touch = async (_, held) => {
      touched.push(held.map(({ retries }) => retries));
      return [];
    };
    const { add, puller, begun } = pull({ queue });
    puller.start();
    await settled();
    // It was not heard of for too long, and is the first to look what is left.
    jobs.push({ ...turn('a'), id: 'job_a', retries: 1 });
    add('anything');
    await settled();
    expect(begun.map(({ signal }) => signal.reason)).toEqual(['lost', undefined]);
    await beat();
    expect(touched).toEqual([[1]]);
    expect(puller.running()).toBe(1);
    begun[1]?.end('done');
    await settled();
    expect([ended, puller.running()]).toEqual([[1], 0]);
  });
});
