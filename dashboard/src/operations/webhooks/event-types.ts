import type { WebhookResponse } from '../../../../src/api/wire/webhooks.ts';

type EventType = Exclude<WebhookResponse['enabled_events'][number], '*'>;

/** Everything that a webhook can be told of. In a record, so that none can be forgotten. */
const known: Readonly<Record<EventType, true>> = {
  'promotion.created': true,
  'promotion.approved': true,
  'promotion.rejected': true,
  'promotion.applied': true,
  'alias.rolled_back': true,
  'rollout.started': true,
  'rollout.step': true,
  'rollout.paused': true,
  'rollout.resumed': true,
  'rollout.guardrail_broken': true,
  'rollout.rolled_back': true,
  'rollout.completed': true,
  'rollout.aborted': true,
  'agent.created': true,
  'agent.updated': true,
  'agent.archived': true,
  'environment.created': true,
  'environment.updated': true,
  'environment.archived': true,
  'environment.deleted': true,
  'session.created': true,
  'session.status_run_started': true,
  'session.status_idled': true,
  'session.status_rescheduled': true,
  'session.status_terminated': true,
  'session.budget_reached': true,
  'session.updated': true,
  'session.archived': true,
  'session.deleted': true,
  'session.thread_idled': true,
  'session.thread_terminated': true,
  'vault.created': true,
  'vault.archived': true,
  'vault.deleted': true,
  'vault_credential.created': true,
  'vault_credential.archived': true,
  'vault_credential.deleted': true,
  'vault_credential.refresh_failed': true,
};

/** Types of events by what they are about, in the order in which they are shown. */
export const eventTypes: readonly { readonly about: string; readonly types: readonly string[] }[] = [
  ...Map.groupBy(Object.keys(known), (type) => type.split('.')[0] ?? type),
].map(([about, types]) => ({ about, types }));

/** What a webhook is told of, in words. */
export function wantedText(wanted: readonly string[]): string {
  if (wanted.includes('*')) return 'everything';
  return wanted.length <= 3
    ? wanted.join(', ')
    : `${wanted.slice(0, 2).join(', ')} and ${wanted.length - 2} more`;
}
