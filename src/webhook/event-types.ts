/**
 * Everything that a webhook can be told of, and what it means. `docs/reference/webhooks.md` lists the same; a test
 * holds the two together.
 */
export const eventTypes = {
  'promotion.created': 'Somebody asks for a promotion, and it waits for review.',
  'promotion.approved': 'A review left a promotion lacking nothing: it can be applied.',
  'promotion.rejected': 'A promotion was rejected.',
  'promotion.applied': 'A promotion has moved its alias.',
  'alias.rolled_back': 'An alias was moved back.',
  'rollout.started': 'A candidate gets its first part of the traffic.',
  'rollout.step': 'A rollout has gone on to its next step.',
  'rollout.paused': 'A rollout waits for a person; `cause` says why.',
  'rollout.resumed': 'A rollout that was paused goes on.',
  'rollout.guardrail_broken': 'A guardrail was broken, and the candidate is being taken back.',
  'rollout.rolled_back': 'A candidate was taken back; its alias is held.',
  'rollout.completed': 'A candidate has all of the traffic, and its alias stands for it.',
  'rollout.aborted': 'Somebody has ended a rollout; its promotion is open again.',
  'agent.created': 'An agent was made, at version 1.',
  'agent.updated': 'An agent has a new version.',
  'agent.archived': 'An agent was archived.',
  'environment.created': 'An environment was made.',
  'environment.updated': 'An environment was changed.',
  'environment.archived': 'An environment was archived.',
  'environment.deleted': 'An environment was deleted.',
  'session.created': 'A session was opened, and with it its primary thread.',
  'session.status_run_started': 'A session begins to work, or goes on after a pause or an answer.',
  'session.status_idled': 'A session has nothing more to do until somebody acts.',
  'session.status_rescheduled': 'The model could not be asked, and the session will try again by itself.',
  'session.status_terminated': 'A session is over for good.',
  'session.budget_reached': 'A session is idle because it has used up its budget.',
  'session.updated': 'The title, metadata, agent or budget of a session was changed.',
  'session.archived': 'A session was archived.',
  'session.deleted': 'A session was deleted, with all that belonged to it.',
  'session.thread_idled': 'A thread of a session has nothing more to do until somebody acts.',
  'session.thread_terminated': 'A thread of a session is over for good.',
  'vault.created': 'A vault was made.',
  'vault.archived': 'A vault was archived.',
  'vault.deleted': 'A vault was deleted.',
  'vault_credential.created': 'A credential was put into a vault.',
  'vault_credential.archived': 'A credential was archived.',
  'vault_credential.deleted': 'A credential was deleted.',
  'vault_credential.refresh_failed': 'A credential could not be renewed where its tokens come from.',
} as const;
export type EventType = keyof typeof eventTypes;

/** What a webhook can ask for: any of the types, or all of them. */
export const wantedTypes: readonly (EventType | '*')[] = ['*', ...(Object.keys(eventTypes) as EventType[])];

/** What is sent when somebody asks whether a webhook works. Nobody can ask for it beforehand. */
export const testEventType = 'webhook.test';

/**
 * Whether one of these webhooks wants a type. `wanted` is what they want as stored, JSON lists of types, with anything
 * between; null when there is no webhook.
 */
export function isWanted(wanted: string | null, type: EventType): boolean {
  return wanted !== null && (wanted.includes('"*"') || wanted.includes(`"${type}"`));
}

/** Everything that a delivery can be of. */
export const sentTypes: readonly (EventType | typeof testEventType)[] = [
  ...(Object.keys(eventTypes) as EventType[]),
  testEventType,
];

/** What webhooks are told: that something happened, and to what. Who wants to know more asks the API. */
export type WebhookEvent = {
  readonly type: EventType;
  /** The id of what it happened to, and what else is needed to find it. Nothing secret, nothing long. */
  readonly data: {
    readonly id: string;
    readonly type?: never;
    readonly [field: string]: string | number | null;
  };
  /** When it happened, as stored. */
  readonly at: string;
};
