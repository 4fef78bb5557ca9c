import type { Registry } from './registry.ts';

/** What waits, in the whole installation: each process says the same. */
export type Backlog = {
  readonly turns: () => number;
  readonly eval_runs: () => number;
  readonly deliveries: () => Promise<number>;
};

/** Tells how much waits, as it is whenever somebody reads the metrics. */
export function addBacklogMetrics(registry: Registry, { turns, eval_runs, deliveries }: Backlog): void {
  registry.sampled(
    {
      type: 'gauge',
      name: 'pawl_turns_waiting',
      help: 'Turns that wait for a place, in all processes together.',
    },
    turns,
  );
  registry.sampled(
    {
      type: 'gauge',
      name: 'pawl_eval_runs_waiting',
      help: 'Eval runs that wait for a place, in all processes together.',
    },
    eval_runs,
  );
  registry.sampled(
    {
      type: 'gauge',
      name: 'pawl_webhook_deliveries_waiting',
      help: 'Deliveries to webhooks that are still to be made; 10000 stands for any more.',
    },
    deliveries,
  );
}
