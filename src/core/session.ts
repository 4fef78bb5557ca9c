/** The SDK's statuses. A finished job is `idle`; `terminated` is for ever. */
export const sessionStatuses = ['rescheduling', 'running', 'idle', 'terminated'] as const;
export type SessionStatus = (typeof sessionStatuses)[number];

/**
 * How a session got its version: a number was named, an alias stood for it, a rollout gave it to part of an alias's
 * traffic, or it was the latest at that moment.
 */
export const resolutionReasons = ['pinned', 'alias', 'canary', 'latest'] as const;
export type ResolutionReason = (typeof resolutionReasons)[number];

/** The same as it is stored: what the canary gets comes through an alias, and its arm tells the rest. */
export type StoredReason = Exclude<ResolutionReason, 'canary'>;

/** Whether somebody is, or should be, working on the session. */
export function isBusy(status: SessionStatus): boolean {
  return status === 'running' || status === 'rescheduling';
}

/**
 * The metadata that a session begins with which says of which session it is a copy, so that its tools do not run. A field of
 * a case by this name says the same of the session in which the case is asked.
 */
export const copyKey = 'pawl_copy_of';

/** The metadata that says for which eval run a session was made. */
export const evalRunKey = 'pawl_eval_run';
