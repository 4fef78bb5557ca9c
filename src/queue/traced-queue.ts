import type { Tracer } from '../core/telemetry.ts';
import type { Queue } from './queue.ts';

/** A queue whose turns stand in the trace of the request that has asked for them, as long as they stay in this process. */
export function tracedQueue(queue: Queue, tracer: Tracer): Queue {
  return {
    ...queue,
    announce(jobs) {
      for (const { subject } of jobs) tracer.handOver(subject);
      queue.announce(jobs);
    },
  };
}
