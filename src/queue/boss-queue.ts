import { randomInt } from 'node:crypto';
import { type FetchOptions, type JobWithMetadata, PgBoss, type QueueOptions } from 'pg-boss';
import type { Bus } from '../core/bus.ts';
import type { Log } from '../core/log.ts';
import type { Handle } from '../store/dialect.ts';
import { countBusySessions } from '../store/jobs.ts';
import { rawDatabase } from '../store/raw.ts';
import { type Job, type NewJob, type Queue, type QueueName, queueNames } from './queue.ts';

type Deps = {
  /** A PostgreSQL database. */
  readonly url: string;
  readonly bus: Bus;
  readonly log: Log;
  /** How other processes see this one. */
  readonly name: string;
  /** A process that is there for one command: it does its own work, and that of others only where no server is. */
  readonly for_one_command?: boolean;
};

/** A process that is not heard of for so long has lost what it took; the engine takes no less. */
const heartbeatSeconds = 10;
/** How often it is looked who was not heard of. */
const superviseSeconds = 1;
/** The longest that the engine lets a job be under way; whoever has it then takes it on anew. */
const longestSeconds = 86_400 - 1;
const yearSeconds = 365 * 86_400;
/** What is over is of no use; its rows go at the next clearing up. */
const keptSeconds = 60;
const clearUpSeconds = 60;
/** More often than anybody has died over one piece of work. */
const mostRetries = 1_000_000;
const urgent = 1000;
/** What is asked for in a command has a priority of the command's own, by which it is found; it is below all others. */
const ownPriorities = { from: -2_000_000_000, to: -1_000_000_000 } as const;
/** How long others leave it alone. What a command has not taken by then it is not likely to. */
const leftAloneSeconds = 60;
/** How many of a group's turns are told apart when it is decided who comes first. */
const mostRanks = 100;
/** Work is looked for this often even when nobody has announced any. */
const lookEveryMs = 1000;

/** Nothing that the engine asks takes so long while the database answers. */
const queryTimeoutMs = 30_000;

/** The engine's timers wait until a time, and would for an hour where somebody has put the clock back by one. */
const steadyClock = {
  now: () => performance.timeOrigin + performance.now(),
  ...{ setTimeout, setInterval },
  clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
  clearInterval: (timer: unknown) => clearInterval(timer as NodeJS.Timeout),
};

const settings = {
  ...{ heartbeatSeconds, expireInSeconds: longestSeconds, retryLimit: mostRetries, retryDelay: 0 },
  ...{ retentionSeconds: yearSeconds, deleteAfterSeconds: keptSeconds },
} as const satisfies QueueOptions;

/** The queue of processes that share a PostgreSQL database, kept there by pg-boss. */
export async function openBossQueue({ url, bus, log, name, for_one_command }: Deps): Promise<Queue> {
  const boss = new PgBoss({
    // A pool of its own, so that heartbeats wait for nobody: neither for those that a network has swallowed.
    ...{ connectionString: url, max: 4, keepAlive: true, query_timeout: queryTimeoutMs },
    clock: steadyClock,
    ...{ schema: 'pgboss', schedule: false, supervise: true, superviseIntervalSeconds: superviseSeconds },
    ...{ monitorIntervalSeconds: superviseSeconds, maintenanceIntervalSeconds: clearUpSeconds },
    ...{ instanceName: name, instanceHeartbeatSeconds: heartbeatSeconds },
    openTelemetry: { enabled: false },
  });
  boss.on('error', (error) =>
    log.warn({ err: error }, 'The job engine could not do its work; it tries again'),
  );
  boss.on('warning', (warning) => log.debug({ warning: warning.message }, 'The job engine warns'));
  try {
    await boss.start();
    await prepareQueues(boss);
  } catch (error) {
    // Its timers and connections would keep a process alive that could not start.
    await boss.stop({ graceful: false }).catch(() => {});
    throw error;
  }

  const looks = new Map<QueueName, () => boolean>();
  const depths = new Map<QueueName, number>();
  const own = for_one_command ? randomInt(ownPriorities.from, ownPriorities.to) : null;
  const look = (queue: QueueName): boolean => looks.get(queue)?.() ?? false;
  bus.on('work', ({ queue }) => look(queue as QueueName));
  bus.onGap(() => queueNames.forEach(look));
  const alarm = setInterval(() => {
    queueNames.forEach(look);
    void count();
  }, lookEveryMs).unref();

  async function count(): Promise<void> {
    try {
      for (const { name, readyCount } of await boss.getQueues()) depths.set(name as QueueName, readyCount);
    } catch {
      // The next look counts again.
    }
  }

  /** Those who have much under way come after those who have little. */
  async function priorityOf(tx: Handle, { queue, group }: NewJob): Promise<number> {
    if (own !== null) return own;
    return queue === 'turns' ? -(await countBusySessions(tx, group, mostRanks)) : 0;
  }

  /** Which jobs are a command's to take: its own, and those of others where there is no server to do them. */
  async function takeableBy(command: number): Promise<FetchOptions> {
    // Duties are held by servers alone.
    const hasServer = (await boss.findJobs('duties')).some(({ state }) => state === 'active');
    const only = hasServer ? { minPriority: command, maxPriority: command } : {};
    return { ignoreStartAfter: true, ...only };
  }

  return {
    durable: true,
    async add(tx, jobs) {
      for (const job of jobs) {
        const { queue, subject, group, attempt, resumes } = job;
        await boss.send(
          queue,
          { attempt, resumes },
          {
            ...{ db: rawDatabase(tx), singletonKey: subject, group: { id: group } },
            priority: await priorityOf(tx, job),
            ...(own === null ? {} : { startAfter: leftAloneSeconds }),
          },
        );
      }
    },
    announce(jobs) {
      for (const queue of new Set(jobs.map((job) => job.queue))) {
        // Where there is room here, nobody else needs to ask for it.
        if (!look(queue)) bus.send({ type: 'work', queue });
      }
    },
    async hurry(queue, subject) {
      // A command finds what it has asked for by its priority.
      if (own === null)
        await boss.update(queue, undefined, { singletonKey: subject, priority: urgent, match: 'all' });
      look(queue);
      bus.send({ type: 'work', queue });
    },
    async take(queue, { limit, without, urgent: onlyUrgent }) {
      if (onlyUrgent && own !== null) return [];
      const jobs = await boss.fetch<JobData>(queue, {
        ...{
          batchSize: limit,
          includeMetadata: true,
          ignoreGroups: without.length === 0 ? null : [...without],
        },
        ...(onlyUrgent ? { minPriority: urgent } : {}),
        ...(own === null ? {} : await takeableBy(own)),
      });
      return (jobs as JobWithMetadata<JobData>[]).map((job) => ({
        ...{ id: job.id, queue, subject: job.singletonKey ?? '', group: job.groupId ?? '' },
        ...{ attempt: job.data.attempt, resumes: job.data.resumes, retries: job.retryCount },
      }));
    },
    async touch(queue, jobs) {
      if (jobs.length === 0) return [];
      // The engine says which, but its type does not.
      const { settled } = (await boss.touch(queue, jobs.map(claimOf))) as {
        readonly settled?: readonly string[];
      };
      if (settled === undefined) return [];
      const kept = new Set(settled);
      return jobs.flatMap(({ id }) => (kept.has(id) ? [] : [id]));
    },
    async done(job) {
      await boss.complete(job.queue, claimOf(job));
    },
    async giveBack(job) {
      await boss.fail(job.queue, claimOf(job));
      bus.send({ type: 'work', queue: job.queue });
    },
    waiting: (queue) => depths.get(queue) ?? 0,
    onWork: (queue, callback) => void looks.set(queue, callback),
    async close() {
      clearInterval(alarm);
      await boss.stop({ graceful: false });
    },
  };
}

/** Makes the queues, and gives those that another version has made the settings of this one. */
async function prepareQueues(boss: PgBoss): Promise<void> {
  // One duty of each kind, whoever asks for it.
  for (const name of queueNames) {
    await boss.createQueue(name, { ...settings, ...(name === 'duties' ? { policy: 'exclusive' } : {}) });
  }
  for (const queue of await boss.getQueues([...queueNames])) {
    const isSet = Object.entries(settings).every(
      ([name, value]) => queue[name as keyof typeof settings] === value,
    );
    if (!isSet) await boss.updateQueue(queue.name, settings);
  }
}

type JobData = { readonly attempt: number; readonly resumes: boolean };

/** What tells the engine which taking of a job is meant. */
function claimOf({ id, retries }: Job): { id: string; retryCount: number } {
  return { id, retryCount: retries };
}
