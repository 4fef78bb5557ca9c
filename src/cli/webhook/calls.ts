import type {
  DeliveryResponse,
  ReplayResponse,
  WebhookDeletedResponse,
  WebhookResponse,
  WebhookSecretResponse,
} from '../../api/wire/webhooks.ts';
import { idPrefixes } from '../../core/ids.ts';
import { plain } from '../../core/plain-text.ts';
import { callServer, type ServerRequest, serverAccess } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { settingsHere } from '../environment.ts';
import { columns, type Format, print, printJson, table } from '../output.ts';

/** What every command about webhooks takes. */
export type CallOptions = { readonly url?: string; readonly output: Format };

/** The options of `pawl webhook create`. */
export type CreateOptions = CallOptions & { readonly events: string; readonly description?: string };

/** The options of `pawl webhook deliveries`. */
export type DeliveriesOptions = CallOptions & { readonly status?: string };

/** The options of `pawl webhook dead`. */
export type DeadOptions = CallOptions & {
  readonly webhook?: string;
  readonly event?: string;
  readonly since?: string;
};

/** The options of `pawl webhook replay`. */
export type ReplayOptions = CallOptions & { readonly since?: string };

const place = '/pawl/v1/webhooks';
const deliveryPlace = '/pawl/v1/webhook_deliveries';

/** Makes a webhook. @throws CommandError, as all of these do. */
export async function createWebhook(
  url: string,
  { events, description, ...options }: CreateOptions,
): Promise<void> {
  const enabled_events = events.split(',').map((type) => type.trim());
  const body = { url, enabled_events, description };
  await call<WebhookSecretResponse>(
    options,
    { method: 'POST', path: place, body },
    (made) => `${made.id} is told of ${eventsOf(made)}. ${secretOf(made)}`,
  );
}

/** Lists all webhooks. */
export async function listWebhooks(options: CallOptions): Promise<void> {
  // A server has fewer than a page can hold.
  await call<{ data: WebhookResponse[] }>(options, get(`${place}?limit=100`), ({ data }) => {
    const rows = data.map((one) => [one.id, one.state, eventsOf(one), one.url, one.failing_since ?? '']);
    return table(['ID', 'STATE', 'EVENTS', 'URL', 'FAILING SINCE'], rows);
  });
}

/** Shows one webhook. */
export async function showWebhook(id: string, options: CallOptions): Promise<void> {
  await call<WebhookResponse>(options, get(pathOf(id)), (one) => {
    const why = one.disabled_reason === null ? '' : ` (${one.disabled_reason})`;
    return columns([
      ['id', one.id],
      ['url', one.url],
      ['events', eventsOf(one)],
      ['description', one.description ?? ''],
      ['state', one.state + why],
      ['failing since', one.failing_since ?? ''],
      ['old secret until', one.old_secret_until ?? ''],
      ['created', one.created_at],
      ['updated', one.updated_at],
    ]).join('\n');
  });
}

/** Lists what a webhook was told. */
export async function listDeliveries(id: string, { status, ...options }: DeliveriesOptions): Promise<void> {
  const query = new URLSearchParams({ limit: '50', ...(status === undefined ? {} : { status }) });
  const path = `${pathOf(id)}/deliveries?${query}`;
  await call<{ data: DeliveryResponse[] }>(options, get(path), ({ data }) => {
    const rows = data.map((one) => [
      ...[one.id, one.event_type, one.status, String(one.attempts)],
      ...[String(one.response_status ?? one.error ?? ''), one.created_at, one.next_attempt_at ?? ''],
    ]);
    return table(['ID', 'EVENT', 'STATUS', 'ATTEMPTS', 'LAST ANSWER', 'CREATED', 'NEXT ATTEMPT'], rows);
  });
}

/** Lists what was given up, whichever webhook it was for. */
export async function listDead({ webhook, event, since, ...options }: DeadOptions): Promise<void> {
  const query = new URLSearchParams({
    limit: '50',
    ...(webhook === undefined ? {} : { webhook_id: webhook }),
    ...(event === undefined ? {} : { event_type: event }),
    ...(since === undefined ? {} : { since }),
  });
  await call<{ data: DeliveryResponse[] }>(options, get(`${deliveryPlace}/dead?${query}`), ({ data }) => {
    const rows = data.map((one) => [
      ...[one.id, one.webhook_id, one.event_type, String(one.attempts)],
      ...[String(one.response_status ?? one.error ?? ''), one.created_at, one.ended_at ?? ''],
    ]);
    return table(['ID', 'WEBHOOK', 'EVENT', 'ATTEMPTS', 'LAST ANSWER', 'CREATED', 'GIVEN UP'], rows);
  });
}

/** Sends a test event. */
export async function testWebhook(id: string, options: CallOptions): Promise<void> {
  await call<DeliveryResponse>(options, post(`${pathOf(id)}/test`), sentWords);
}

/** Sends a delivery again, or with the id of a webhook, all of its dead ones. */
export async function replay(id: string, { since, ...options }: ReplayOptions): Promise<void> {
  if (id.startsWith(`${idPrefixes.webhook}_`)) {
    const request = { method: 'POST', path: `${pathOf(id)}/replay`, body: { since } } as const;
    return call<ReplayResponse>(options, request, replayWords);
  }
  if (since !== undefined) {
    throw new CommandError('--since goes with the id of a webhook, of whose dead deliveries it chooses');
  }
  const path = `${deliveryPlace}/${encodeURIComponent(id)}/replay`;
  await call<DeliveryResponse>(options, post(path), sentWords);
}

/** Makes a new secret. */
export async function rotateSecret(id: string, options: CallOptions): Promise<void> {
  await call<WebhookSecretResponse>(
    options,
    post(`${pathOf(id)}/regenerate_signing_secret`),
    (made) =>
      `${made.id} is signed with its old secret as well until ${made.old_secret_until}. ${secretOf(made)}`,
  );
}

/** Enables or disables a webhook. */
export async function setState(
  id: string,
  state: 'enabled' | 'disabled',
  options: CallOptions,
): Promise<void> {
  const request = { method: 'POST', path: pathOf(id), body: { state } } as const;
  await call<WebhookResponse>(options, request, (one) => `${one.id} is ${one.state}.`);
}

/** Deletes a webhook. */
export async function deleteWebhook(id: string, options: CallOptions): Promise<void> {
  const request = { method: 'DELETE', path: pathOf(id) } as const;
  await call<WebhookDeletedResponse>(options, request, (gone) => `${gone.id} is deleted.`);
}

/** Makes a request and prints its answer, for programs as it is and for people in words. */
async function call<T>(
  { url, output }: CallOptions,
  request: ServerRequest,
  words: (answer: T) => string,
): Promise<void> {
  const answer = await callServer<T>(serverAccess(url, settingsHere()), request);
  if (output === 'json') printJson(answer);
  else print(words(answer));
}

function get(path: string): ServerRequest {
  return { method: 'GET', path };
}

function post(path: string): ServerRequest {
  return { method: 'POST', path };
}

function pathOf(id: string): string {
  return `${place}/${encodeURIComponent(id)}`;
}

function eventsOf({ enabled_events }: WebhookResponse): string {
  return enabled_events.join(', ');
}

function secretOf({ signing_secret }: WebhookSecretResponse): string {
  return `Its signing secret is shown only now:\n\n${plain(signing_secret)}`;
}

function sentWords({ id, webhook_id }: DeliveryResponse): string {
  return `${id} is on its way; \`pawl webhook deliveries ${webhook_id}\` shows what becomes of it.`;
}

function replayWords({ webhook_id, replayed, has_more }: ReplayResponse): string {
  const more = has_more ? ' There may be more; ask again for those.' : '';
  return `${replayed} dead deliveries of ${webhook_id} are on their way.${more}`;
}
