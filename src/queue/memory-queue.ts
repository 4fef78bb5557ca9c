import type { Job, NewJob, Queue, QueueName, Taking } from './queue.ts';

/** The queue of a process that has its database for itself: what waits is in memory, and found again at the next start. */
export function createMemoryQueue(): Queue {
  const waiting = new Map<QueueName, Job[]>();
  const urgent = new Set<string>();
  const looks = new Map<QueueName, () => boolean>();
  /** How many jobs of a group are under way. */
  const underway = new Map<string, number>();
  let last = 0;

  const lineOf = (queue: QueueName): Job[] => {
    const line = waiting.get(queue) ?? [];
    waiting.set(queue, line);
    return line;
  };

  function push(job: Job): void {
    lineOf(job.queue).push(job);
    looks.get(job.queue)?.();
  }

  function leave({ group }: Job): void {
    const left = (underway.get(group) ?? 1) - 1;
    if (left === 0) underway.delete(group);
    else underway.set(group, left);
  }

  /** The place of the job whose turn it is: of the group with the least under way, the first that came. */
  function nextPlace(line: readonly Job[], { without, urgent: onlyUrgent }: Taking): number {
    let best = -1;
    let fewest = Number.POSITIVE_INFINITY;
    for (const [place, { subject, group }] of line.entries()) {
      if (urgent.size > 0 && urgent.has(subject)) return place;
      if (onlyUrgent || without.includes(group)) continue;
      const busy = underway.get(group) ?? 0;
      if (busy < fewest) {
        best = place;
        fewest = busy;
      }
      // Nobody has less than nothing under way.
      if (fewest === 0 && urgent.size === 0) break;
    }
    return best;
  }

  return {
    durable: false,
    add: async () => {},
    announce(jobs: readonly NewJob[]): void {
      for (const job of jobs) push({ ...job, id: String(++last), retries: 0 });
    },
    async hurry(queue, subject) {
      if (!lineOf(queue).some((job) => job.subject === subject)) return;
      urgent.add(subject);
      looks.get(queue)?.();
    },
    async take(queue, taking) {
      const line = lineOf(queue);
      const taken: Job[] = [];
      while (taken.length < taking.limit) {
        const place = nextPlace(line, taking);
        const [job] = place === -1 ? [] : line.splice(place, 1);
        if (job === undefined) break;
        urgent.delete(job.subject);
        underway.set(job.group, (underway.get(job.group) ?? 0) + 1);
        taken.push(job);
      }
      return taken;
    },
    touch: async () => [],
    done: async (job) => leave(job),
    async giveBack(job) {
      leave(job);
      push({ ...job, retries: job.retries + 1 });
    },
    waiting: (queue) => waiting.get(queue)?.length ?? 0,
    onWork: (queue, look) => void looks.set(queue, look),
    close: async () => {},
  };
}
