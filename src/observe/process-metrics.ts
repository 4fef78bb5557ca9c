import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Registry } from './registry.ts';

/** How often the delay of the event loop is measured, in milliseconds: seldom enough to cost nothing. */
const resolutionMs = 50;

/**
 * What is known of the process itself. Where there are names that dashboards know already, these are those. The delay of
 * the event loop is measured from the first reading on: a process that nobody asks has no timer for it.
 */
export function addProcessMetrics(registry: Registry, version: string): void {
  const bytes = { type: 'gauge' } as const;
  registry.fact({ name: 'pawl_build_info', help: 'The version of this program.' }, { version });
  registry.sampled(
    { type: 'counter', name: 'process_cpu_seconds_total', help: 'CPU time of the process.' },
    () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000_000;
    },
  );
  registry.sampled(
    { type: 'gauge', name: 'process_start_time_seconds', help: 'When the process began, in Unix time.' },
    () => performance.timeOrigin / 1000,
  );
  registry.sampled({ ...bytes, name: 'process_resident_memory_bytes', help: 'Memory of the process.' }, () =>
    process.memoryUsage.rss(),
  );
  registry.sampled(
    { ...bytes, name: 'nodejs_heap_size_used_bytes', help: 'Memory that objects of the program take.' },
    () => process.memoryUsage().heapUsed,
  );
  addEventLoop(registry);
}

function addEventLoop(registry: Registry): void {
  let before: EventLoopUtilization | undefined;
  registry.sampled(
    {
      ...{ type: 'gauge', name: 'nodejs_eventloop_utilization' },
      help: 'The part of the time since the last reading that the event loop was busy.',
    },
    () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
  );
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  registry.sampled(
    {
      ...{ type: 'gauge', name: 'nodejs_eventloop_lag_p99_seconds' },
      help: 'How late timers were since the last reading; one of a hundred was later.',
    },
    () => {
      delays.enable();
      // What is measured is how long a timer took, which is never less than what it was set to.
      const lateMs = delays.count === 0 ? 0 : Math.max(0, delays.percentile(99) / 1e6 - resolutionMs);
      delays.reset();
      return lateMs / 1000;
    },
  );
}
