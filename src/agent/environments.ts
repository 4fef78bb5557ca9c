import type { Audit } from '../access/audit.ts';
import type { Actor } from '../access/keys.ts';
import type { AuditFact } from '../core/audit-entry.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import {
  defaultEnvironmentConfig,
  type EnvironmentChanges,
  type EnvironmentSettings,
  mergeSettings,
} from '../core/environment.ts';
import { PawlError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import type { Handle, Store } from '../store/dialect.ts';
import {
  deleteEnvironment,
  type EnvironmentRow,
  findEnvironment,
  insertEnvironment,
  listEnvironments,
  lockEnvironment,
  updateEnvironment,
} from '../store/environments.ts';
import type { Notify } from '../webhook/notify.ts';

/** An environment, read. */
export type Environment = Omit<EnvironmentRow, 'settings'> & { readonly settings: EnvironmentSettings };

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly audit: Audit;
  readonly notify: Notify;
};

/** The places where sessions run their tools. Not versioned: a session names one, and sees it as it is. */
export function createEnvironments({ store, clock, ids, audit, notify }: Deps) {
  /** Changes something, and has webhooks told once it is committed. */
  async function write<T>(work: (tx: Handle) => Promise<T>): Promise<T> {
    const result = await store.write(work);
    notify.wake();
    return result;
  }

  /** Says what was done, in the audit log and to webhooks; `at` as stored. */
  async function record(
    tx: Handle,
    what: 'created' | 'updated' | 'archived' | 'deleted',
    { id, by, at, ...change }: { id: string; by: Actor; at: string } & Pick<AuditFact, 'before' | 'after'>,
  ): Promise<void> {
    const type = `environment.${what}` as const;
    const subject = { type: 'environment', id };
    await audit.append(tx, { action: type, outcome: 'done', actor: by, subject, reason: null, ...change });
    await notify.enqueue(tx, { type, data: { id }, at });
  }

  return {
    /** @throws PawlError `invalid_metadata`, `invalid_request` */
    async create(changes: EnvironmentChanges & { name: string }, by: Actor): Promise<Environment> {
      const blank = { name: '', description: null, config: defaultEnvironmentConfig, metadata: {} };
      const settings = mergeSettings(blank, changes);
      const now = formatTime(clock.now());
      const environment = {
        id: ids.next('environment'),
        settings,
        created_at: now,
        updated_at: now,
        archived_at: null,
      };
      await write(async (tx) => {
        await insertEnvironment(tx, { ...environment, settings: JSON.stringify(settings) });
        await record(tx, 'created', { id: environment.id, by, at: now, before: null, after: settings });
      });
      return environment;
    },

    /** @throws PawlError `environment_not_found` */
    async retrieve(id: string): Promise<Environment> {
      return read(requireEnvironment(await findEnvironment(store.db, id), id));
    },

    /**
     * @throws PawlError `environment_not_found`, `environment_archived`, `invalid_metadata`, `invalid_request`,
     *   `invalid_config_type_change`
     */
    async update(id: string, changes: EnvironmentChanges, by: Actor): Promise<Environment> {
      return write(async (tx) => {
        const current = read(requireEnvironment(await lockEnvironment(tx, store.dialect, id), id));
        if (current.archived_at !== null) {
          throw new PawlError('environment_archived', `environment ${id} is archived and cannot be updated`);
        }
        const settings = mergeSettings(current.settings, changes);
        const text = JSON.stringify(settings);
        if (text === JSON.stringify(current.settings)) return current;
        const updated_at = formatTime(clock.now());
        await updateEnvironment(tx, id, { settings: text, updated_at });
        await record(tx, 'updated', { id, by, at: updated_at, before: current.settings, after: settings });
        return { ...current, settings, updated_at };
      });
    },

    /** Archives for good; doing it again changes nothing. @throws PawlError `environment_not_found` */
    async archive(id: string, by: Actor): Promise<Environment> {
      return write(async (tx) => {
        const current = read(requireEnvironment(await lockEnvironment(tx, store.dialect, id), id));
        if (current.archived_at !== null) return current;
        const now = formatTime(clock.now());
        await updateEnvironment(tx, id, { archived_at: now, updated_at: now });
        const change = { before: { archived_at: null }, after: { archived_at: now } };
        await record(tx, 'archived', { id, by, at: now, ...change });
        return { ...current, archived_at: now, updated_at: now };
      });
    },

    /** @throws PawlError `environment_not_found`, `environment_in_use` */
    async remove(id: string, by: Actor): Promise<void> {
      try {
        await write(async (tx) => {
          const { settings } = read(requireEnvironment(await lockEnvironment(tx, store.dialect, id), id));
          await deleteEnvironment(tx, id);
          const at = formatTime(clock.now());
          await record(tx, 'deleted', { id, by, at, before: settings, after: null });
        });
      } catch (error) {
        if (!store.dialect.isBrokenReference(error)) throw error;
        const message = `environment ${id} still has sessions; delete them first`;
        throw new PawlError('environment_in_use', message, { cause: error });
      }
    },

    /** Environments by creation time. */
    async list(filter: { include_archived: boolean }, request: PageRequest): Promise<Page<Environment>> {
      const rows = await listEnvironments(store.db, filter, request);
      const page = pageOf(rows, request, (row) => [row.created_at, row.id]);
      return { data: page.data.map(read), next_page: page.next_page };
    },
  };
}

export type Environments = ReturnType<typeof createEnvironments>;

function read(row: EnvironmentRow): Environment {
  return { ...row, settings: JSON.parse(row.settings) as EnvironmentSettings };
}

function requireEnvironment(row: EnvironmentRow | null, id: string): EnvironmentRow {
  if (row === null) throw new PawlError('environment_not_found', `environment ${id} does not exist`);
  return row;
}
