import type { Audit } from '../access/audit.ts';
import type { Actor } from '../access/keys.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import { judgeTarget } from '../outbound/target.ts';
import { lockAuditHead } from '../store/audit.ts';
import type { Handle, Store } from '../store/dialect.ts';
import {
  countWebhooks,
  deleteWebhook,
  findWebhook,
  insertWebhook,
  listWebhooks,
  lockWebhook,
  updateWebhook,
  type WebhookFilter,
  type WebhookRow,
} from '../store/webhooks.ts';
import { newSigningSecret } from './signature.ts';
import { type Wanted, type Webhook, withoutSecrets } from './webhook.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly audit: Audit;
  readonly randomBytes: (size: number) => Uint8Array;
  /** Whether webhooks may be on this machine, in private networks, and on plain HTTP. */
  readonly allow_private: boolean;
  readonly wake: () => void;
};

/** What somebody says of a webhook. */
export type WebhookFields = {
  readonly url: string;
  readonly enabled_events: Wanted;
  readonly description: string | null;
};

/** A webhook with its secret, which is given this once. */
export type WebhookWithSecret = { readonly webhook: Webhook; readonly signing_secret: string };

/** As many as an operator can look after; it bounds what one event can set off. */
const mostWebhooks = 50;
const oldSecretUs = 86_400_000_000;

/** Webhooks: where to send what happens here, and how to sign it. */
export function createWebhookSettings({ store, clock, ids, audit, randomBytes, allow_private, wake }: Deps) {
  /** @throws PawlError `invalid_request` */
  function checkUrl(text: string): string {
    const target = judgeTarget(text, { allow_private });
    if (!target.ok) throw new PawlError('invalid_request', `url: ${target.problem}`);
    return target.url;
  }

  /**
   * Changes come one after the other: each is written into the audit log, and waits for the end of that first, before
   * it locks its webhook.
   */
  async function inTurn<T>(work: (tx: Handle) => Promise<T>): Promise<T> {
    return store.write(async (tx) => {
      await lockAuditHead(tx, store.dialect);
      return work(tx);
    });
  }

  async function change(
    id: string,
    by: { readonly actor: Actor; readonly action: string },
    changesOf: (row: WebhookRow) => Partial<WebhookRow>,
  ): Promise<Webhook> {
    return inTurn(async (tx) => {
      const row = await lockWebhook(tx, store.dialect, id);
      if (row === null) throw missing(id);
      const at = formatTime(clock.now());
      const changes = { ...changesOf(row), updated_at: at };
      await updateWebhook(tx, id, changes);
      const changed = { ...row, ...changes };
      await record(tx, by, { before: row, after: changed });
      return withoutSecrets(changed);
    });
  }

  async function record(
    tx: Handle,
    { actor, action }: { readonly actor: Actor; readonly action: string },
    { before, after }: { readonly before: WebhookRow | null; readonly after: WebhookRow | null },
  ): Promise<void> {
    const subject = { type: 'webhook', id: (before ?? after)?.id ?? '' };
    const fact = { action, outcome: 'done', actor, subject, reason: null } as const;
    await audit.append(tx, { ...fact, before: remarkable(before), after: remarkable(after) });
  }

  return {
    /** @throws PawlError `invalid_request`, `webhook_limit` */
    async create(fields: WebhookFields, actor: Actor): Promise<WebhookWithSecret> {
      const url = checkUrl(fields.url);
      const signing_secret = newSigningSecret(randomBytes);
      const row = await inTurn(async (tx) => {
        if ((await countWebhooks(tx)) >= mostWebhooks) {
          throw new PawlError(
            'webhook_limit',
            `There are ${mostWebhooks} webhooks already; delete one first`,
          );
        }
        const at = formatTime(clock.now());
        const made: WebhookRow = {
          ...{ id: ids.next('webhook'), url, description: fields.description },
          ...{
            enabled_events: JSON.stringify(fields.enabled_events),
            state: 'enabled',
            disabled_reason: null,
          },
          ...{ failing_since: null, signing_secret, old_secret: null, old_secret_until: null },
          ...{ created_at: at, updated_at: at },
        };
        await insertWebhook(tx, made);
        await record(tx, { actor, action: 'webhook.created' }, { before: null, after: made });
        return made;
      });
      return { webhook: withoutSecrets(row), signing_secret };
    },

    /** Webhooks by creation time. */
    async list(request: PageRequest, filter: WebhookFilter = {}): Promise<Page<Webhook>> {
      const rows = await listWebhooks(store.db, request, filter);
      const page = pageOf(rows, request, (row) => [row.created_at, row.id]);
      return { data: page.data.map(withoutSecrets), next_page: page.next_page };
    },

    /** @throws PawlError `webhook_not_found` */
    async retrieve(id: string): Promise<Webhook> {
      const row = await findWebhook(store.db, id);
      if (row === null) throw missing(id);
      return withoutSecrets(row);
    },

    /**
     * Changes what is given. A new URL and being enabled begin with a clean slate: earlier failures are forgotten.
     * @throws PawlError `invalid_request`, `webhook_not_found`
     */
    async update(
      id: string,
      fields: { readonly [Name in keyof WebhookFields]?: WebhookFields[Name] | undefined } & {
        readonly state?: WebhookRow['state'] | undefined;
      },
      actor: Actor,
    ): Promise<Webhook> {
      const { url, enabled_events, description, state } = fields;
      const checked = url === undefined ? undefined : checkUrl(url);
      const changed = await change(id, { actor, action: 'webhook.updated' }, (row) => ({
        ...(checked === undefined ? {} : { url: checked, failing_since: null }),
        ...(enabled_events === undefined ? {} : { enabled_events: JSON.stringify(enabled_events) }),
        ...(description === undefined ? {} : { description }),
        ...(state === undefined || state === row.state ? {} : { state, disabled_reason: null }),
        ...(state === 'enabled' ? { failing_since: null } : {}),
      }));
      // What has waited while it was disabled goes out now.
      wake();
      return changed;
    },

    /**
     * Gives a new secret. The one before is signed with as well for a day, so that receivers can change over; what was
     * before that one ends at once.
     * @throws PawlError `webhook_not_found`
     */
    async regenerateSigningSecret(id: string, actor: Actor): Promise<WebhookWithSecret> {
      const signing_secret = newSigningSecret(randomBytes);
      const by = { actor, action: 'webhook.signing_secret_regenerated' };
      const webhook = await change(id, by, (row) => ({
        ...{ signing_secret, old_secret: row.signing_secret },
        old_secret_until: formatTime(clock.now() + oldSecretUs),
      }));
      return { webhook, signing_secret };
    },

    /** Deletes a webhook with all its deliveries. @throws PawlError `webhook_not_found` */
    async remove(id: string, actor: Actor): Promise<void> {
      await inTurn(async (tx) => {
        const row = await findWebhook(tx, id);
        if (row === null) throw missing(id);
        await record(tx, { actor, action: 'webhook.deleted' }, { before: row, after: null });
        await deleteWebhook(tx, id);
      });
    },
  };
}

function missing(id: string): PawlError {
  return new PawlError('webhook_not_found', `webhook ${id} does not exist`);
}

/** What the audit log keeps: no secret, and of the URL only whose it is, because the rest of it may be one. */
function remarkable(row: WebhookRow | null) {
  if (row === null) return null;
  const { url, description, enabled_events, state } = withoutSecrets(row);
  return { origin: new URL(url).origin, description, enabled_events: [...enabled_events], state };
}
