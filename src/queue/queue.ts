import type { Handle } from '../store/dialect.ts';

/** What kinds of work there are. */
export const queueNames = ['turns', 'eval_runs', 'comparisons', 'duties'] as const;
export type QueueName = (typeof queueNames)[number];

/** Work on one thing, which some process is to do. */
export type NewJob = {
  readonly queue: QueueName;
  /** The id of what it is about. */
  readonly subject: string;
  /** The attempt at its subject that it stands for: whoever finds the subject at another one leaves it alone. */
  readonly attempt: number;
  /** Whose work it is. Where work waits, those who have the least of it under way come first. */
  readonly group: string;
  /** Whether it goes on with what another process has left in the middle. */
  readonly resumes: boolean;
};

/** Work that this process has taken, and nobody else has. */
export type Job = NewJob & {
  readonly id: string;
  /** How often it was taken before, by processes that died or gave it back. */
  readonly retries: number;
};

export type Taking = {
  /** The most jobs to take. */
  readonly limit: number;
  /** Groups whose jobs stay where they are. */
  readonly without: readonly string[];
  /** Takes only what was hurried. */
  readonly urgent: boolean;
};

/**
 * Hands out work, each piece to one process at a time. A process that is not heard of for ten seconds loses what it has taken
 * to another one; whoever is late is kept from writing by the attempt that its job stands for.
 */
export type Queue = {
  /**
   * Whether work is kept where other processes find it, along with the transaction that asks for it. If not, it is
   * forgotten when this process ends, and whoever asks for it announces it.
   */
  readonly durable: boolean;
  /** Asks for work, in the transaction of what makes it necessary. */
  add(tx: Handle, jobs: readonly NewJob[]): Promise<void>;
  /** Tells that jobs are committed, so that they are taken at once. */
  announce(jobs: readonly NewJob[]): void;
  /** Lets a job that waits be taken before all others, even by a process that has no room. */
  hurry(queue: QueueName, subject: string): Promise<void>;
  /** Takes jobs that wait, the most urgent first. */
  take(queue: QueueName, taking: Taking): Promise<readonly Job[]>;
  /** Tells that these are still at work. Gives the ids of those that are ours no more. */
  touch(queue: QueueName, jobs: readonly Job[]): Promise<readonly string[]>;
  /** A job is over. */
  done(job: Job): Promise<void>;
  /** Gives a job back, to be taken by another process. */
  giveBack(job: Job): Promise<void>;
  /** How many jobs wait, as of a moment ago. */
  waiting(queue: QueueName): number;
  /** Calls back when there may be something to take. `look` says whether it takes whatever there is. */
  onWork(queue: QueueName, look: () => boolean): void;
  /** Ends waiting, once nothing is under way. */
  close(): Promise<void>;
};
