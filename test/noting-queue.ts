import type { NewJob, Queue } from '../src/queue/queue.ts';

/** A queue that nobody takes anything from: what is announced is only told. */
export function notingQueue(onJob: (job: NewJob) => void): Pick<Queue, 'add' | 'announce'> {
  return { add: async () => {}, announce: (jobs) => jobs.forEach(onJob) };
}
