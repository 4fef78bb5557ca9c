import type { Tracer } from '../core/telemetry.ts';
import type { NewJob, Queue } from './queue.ts';

/** A queue whose turns stand in the trace of the request that has asked for them, as long as they stay in this process. */
export function tracedQueue(queue: Queue, tracer: Tracer): Queue {
  return {
    ...queue,
    announce(jobs) {
      for (const job of jobs) if (job.queue === 'turns') tracer.handOver(handoverName(job));
      queue.announce(jobs);
    },
  };
}

/** What a turn is handed over by. The attempt tells it from those of the same session that others have run. */
export function handoverName({ subject, attempt }: Pick<NewJob, 'subject' | 'attempt'>): string {
  return `${subject} ${attempt}`;
}
