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
} as const;
export type EventType = keyof typeof eventTypes;

/** What a webhook can ask for: any of the types, or all of them. */
export const wantedTypes: readonly (EventType | '*')[] = ['*', ...(Object.keys(eventTypes) as EventType[])];

/** What is sent when somebody asks whether a webhook works. Nobody can ask for it beforehand. */
export const testEventType = 'webhook.test';

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
