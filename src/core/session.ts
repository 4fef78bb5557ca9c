/** The SDK's statuses. A finished job is `idle`; `terminated` is for ever. */
export const sessionStatuses = ['rescheduling', 'running', 'idle', 'terminated'] as const;
export type SessionStatus = (typeof sessionStatuses)[number];

/** How a session got its version: a number was named, an alias stood for it, or it was the latest at that moment. */
export const resolutionReasons = ['pinned', 'alias', 'latest'] as const;
export type ResolutionReason = (typeof resolutionReasons)[number];

/** Whether somebody is, or should be, working on the session. */
export function isBusy(status: SessionStatus): boolean {
  return status === 'running' || status === 'rescheduling';
}
