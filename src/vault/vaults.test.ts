import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { migratedDatabase } from '../../test/postgres.ts';
import { type Receiver, startReceiver } from '../../test/webhook-receiver.ts';
import { createAudit } from '../access/audit.ts';
import type { Actor } from '../access/keys.ts';
import { type Clock, createClock, formatTime } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import type { Store } from '../store/dialect.ts';
import { openStore } from '../store/open.ts';
import { type CredentialRow, findCredential, updateCredential } from '../store/vaults.ts';
import type { WebhookEvent } from '../webhook/event-types.ts';
import { createVaults, type Vaults } from './vaults.ts';

/*
 * The goal: a session gets the right token, an old one is renewed once, and what is in the database is of no use
 * without the key, and in no other row. The method: a token endpoint on loopback, and two rooms over one database where
 * two processes are meant.
 */

const me: Actor = { key_id: 'apikey_me', name: 'me', role: 'editor' };
const key = randomBytes(32).toString('base64');
const nextKey = randomBytes(32).toString('base64');
const hourUs = 3_600_000_000;
const secondUs = 1_000_000;

describe.each(['SQLite', 'PostgreSQL'])('Vaults on %s', (kind) => {
  let store: Store;
  let drop: () => Promise<void>;
  let endpoint: Receiver;
  let vaults: Vaults;
  const opened: Vaults[] = [];
  let nowMs = 1_800_000_000_000;
  const clock: Clock = createClock(() => nowMs);
  let told: WebhookEvent[] = [];
  let logged: unknown[] = [];

  function open({
    store: at = store,
    ...keys
  }: {
    key?: string | null;
    previous_key?: string | null;
    store?: Store;
  } = {}): Vaults {
    const ids = createIds(clock, randomBytes);
    const line = (...said: unknown[]): void => void logged.push(said);
    const log = { debug: line, info: line, warn: line, error: line };
    const notify = {
      enqueue: async (_tx: unknown, ...events: WebhookEvent[]) => void told.push(...events),
      wake: () => {},
    };
    const room = createVaults({
      ...{ store: at, clock, ids, log, notify, randomBytes, audit: createAudit({ store: at, clock, ids }) },
      ...{ key, previous_key: null, allow_private: true, ...keys },
      deadline: () => AbortSignal.timeout(10_000),
    });
    opened.push(room);
    return room;
  }

  beforeAll(async () => {
    const database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    drop = async () => database?.drop();
    store = await openStore(database === null ? { kind: 'memory' } : { kind: 'postgres', url: database.url });
    endpoint = await startReceiver();
    vaults = open();
  });
  beforeEach(() => {
    endpoint.received.length = 0;
    told = [];
    logged = [];
  });
  afterAll(async () => {
    for (const room of opened) await room.stop();
    await endpoint.close();
    await store.close();
    await drop();
  });

  const newVault = async (): Promise<string> => (await vaults.create({ display_name: 'Ann' }, me)).id;
  const bearer = (mcp_server_url: string, token: string) =>
    ({ type: 'static_bearer', mcp_server_url, token }) as const;

  /** A credential whose access token `access-0` ends in so many microseconds. */
  async function oauth(expiresInUs: number, vault_id?: string) {
    const refresh = {
      ...{ client_id: 'pawl', client_secret: 'client-0', refresh_token: 'refresh-0' },
      ...{ token_endpoint: `${endpoint.url}/token`, resource: null, scope: 'read' },
      token_endpoint_auth: { type: 'client_secret_post' },
    } as const;
    const expires_at = formatTime(clock.now() + hourUs);
    const auth = {
      type: 'mcp_oauth',
      mcp_server_url: url,
      access_token: 'access-0',
      expires_at,
      refresh,
    } as const;
    const credential = await vaults.credentials.create(vault_id ?? (await newVault()), { auth }, me);
    nowMs += (hourUs - expiresInUs) / 1000;
    return credential;
  }
  const url = 'https://mcp.example.com/mcp';

  /** The token endpoint gives `access-1`, `access-2` and so on, and takes each refresh token once. */
  function rotating(): void {
    let count = 0;
    endpoint.react((response) => {
      const body = new URLSearchParams(endpoint.received.at(-1)?.body);
      if (body.get('refresh_token') !== `refresh-${count}`) {
        response.writeHead(400).end('{"error":"invalid_grant"}');
        return;
      }
      count++;
      const tokens = { access_token: `access-${count}`, refresh_token: `refresh-${count}`, expires_in: 3600 };
      response.end(JSON.stringify(tokens));
    });
  }

  /** The token endpoint gives `access-1` when something else was done. */
  function answerAfter(work: () => Promise<unknown>): void {
    endpoint.react((response) => {
      work().then(
        () => response.end('{"access_token":"access-1"}'),
        () => response.destroy(),
      );
    });
  }

  async function rowOf(id: string): Promise<CredentialRow> {
    const row = await findCredential(store.db, id);
    if (row === null) throw new Error('The credential is gone');
    return row;
  }

  describe('What lets a session in', () => {
    test('is of its first vault that has something for the server, however that is spelled', async () => {
      const [empty, first, second] = [await newVault(), await newVault(), await newVault()];
      await vaults.credentials.create(empty, { auth: bearer('https://other.example.com', 'other') }, me);
      const { id } = await vaults.credentials.create(first, { auth: bearer(`${url}/`, 'one') }, me);
      await vaults.credentials.create(second, { auth: bearer(url, 'two') }, me);
      const found = await vaults.authorizationFor([empty, first, second], 'HTTPS://mcp.example.com:443/mcp');
      expect(found).toEqual({ vault_id: first, credential_id: id, authorization: 'Bearer one' });
      expect(await vaults.authorizationFor([second, first], url)).toMatchObject({
        authorization: 'Bearer two',
      });
      for (const [ids, other] of [
        [[], url],
        [[empty], url],
        [[first], `${url}/more`],
        [[first], 'no URL'],
      ] as const) {
        expect(await vaults.authorizationFor(ids, other)).toBeNull();
      }
    });

    test('is gone with its credential, and with its vault', async () => {
      const vault_id = await newVault();
      const { id } = await vaults.credentials.create(vault_id, { auth: bearer(url, 'one') }, me);
      await vaults.credentials.archive({ vault_id, id }, me);
      expect(await vaults.authorizationFor([vault_id], url)).toBeNull();
      const again = await vaults.credentials.create(vault_id, { auth: bearer(url, 'two') }, me);
      const kept = await vaults.credentials.create(vault_id, { auth: bearer('https://a.example', 'x') }, me);
      await vaults.archive(vault_id, me);
      expect(await vaults.authorizationFor([vault_id], url)).toBeNull();
      for (const one of [id, again.id, kept.id]) {
        expect(await rowOf(one)).toMatchObject({
          sealed: null,
          key_id: null,
          archived_at: expect.any(String),
        });
      }
      expect(told.map(({ type, data }) => [type, data.id]).slice(-3)).toEqual([
        ['vault_credential.archived', again.id],
        ['vault_credential.archived', kept.id],
        ['vault.archived', vault_id],
      ]);
    });

    test('is asked of vaults that are there and open', async () => {
      const [good, gone] = [await newVault(), await newVault()];
      await vaults.archive(gone, me);
      await vaults.requireUsable([]);
      await vaults.requireUsable([good, good]);
      await expect(vaults.requireUsable([good, gone])).rejects.toThrow(
        `vault_ids.1: vault ${gone} is archived`,
      );
      await expect(vaults.requireUsable([good, 'vlt_1', gone])).rejects.toThrow(
        'vault_ids.1: vault vlt_1 does not',
      );
    });
  });

  describe('An access token', () => {
    test('is used as long as it is good for more than a minute', async () => {
      const { vault_id } = await oauth(61_000_000);
      expect(await vaults.authorizationFor([vault_id], url)).toMatchObject({
        authorization: 'Bearer access-0',
      });
      expect(endpoint.received).toEqual([]);
    });

    test('that ends is renewed once, whoever asks at the same time, and kept', async () => {
      rotating();
      const { vault_id, id } = await oauth(-secondUs);
      const elsewhere = open();
      const asking = [vaults, elsewhere, vaults, elsewhere].map((room) =>
        room.authorizationFor([vault_id], url),
      );
      for (const found of await Promise.all(asking)) {
        expect(found).toEqual({ vault_id, credential_id: id, authorization: 'Bearer access-1' });
      }
      expect(endpoint.received).toHaveLength(1);
      expect(Object.fromEntries(new URLSearchParams(endpoint.received[0]?.body))).toEqual({
        ...{ grant_type: 'refresh_token', refresh_token: 'refresh-0', scope: 'read' },
        ...{ client_id: 'pawl', client_secret: 'client-0' },
      });
      expect(await open().authorizationFor([vault_id], url)).toMatchObject({
        authorization: 'Bearer access-1',
      });
      const { auth } = await vaults.credentials.retrieve({ vault_id, id });
      expect(auth).toMatchObject({ expires_at: expect.stringMatching(/Z$/) });
      nowMs += 2 * 3_600_000;
      // With the refresh token that came along.
      expect(await vaults.authorizationFor([vault_id], url)).toMatchObject({
        authorization: 'Bearer access-2',
      });
      expect(endpoint.received).toHaveLength(2);
    });

    test('that is turned away is renewed, unless that was done meanwhile', async () => {
      rotating();
      const { vault_id } = await oauth(hourUs);
      const used = await vaults.authorizationFor([vault_id], url);
      if (used === null) throw new Error('There is a credential');
      const [first, second] = await Promise.all([vaults.refresh(used), open().refresh(used)]);
      expect([first?.authorization, second?.authorization]).toEqual(['Bearer access-1', 'Bearer access-1']);
      expect(await vaults.refresh(used)).toEqual(first);
      expect(endpoint.received).toHaveLength(1);
    });

    test('that cannot be renewed is no reason to try', async () => {
      const vault_id = await newVault();
      const { id } = await vaults.credentials.create(vault_id, { auth: bearer(url, 'one') }, me);
      const used = { vault_id, credential_id: id, authorization: 'Bearer one' };
      expect(await vaults.refresh(used)).toBeNull();
      expect(await vaults.refresh({ ...used, authorization: 'Bearer old' })).toEqual(used);
      await vaults.archive(vault_id, me);
      expect(await vaults.refresh(used)).toBeNull();
      expect(endpoint.received).toEqual([]);
    });

    test.each<[string, number, string]>([
      ['refuses', 400, '{"error":"invalid_grant","refresh_token":"refresh-0"}'],
      ['talks nonsense', 200, '<html>access-0</html>'],
      ['gives no token', 200, '{"access_token":7}'],
      ['gives another kind of token', 200, '{"access_token":"t","token_type":"mac"}'],
      ['leads elsewhere', 302, ''],
    ])('is not used when it has ended and its endpoint %s', async (_how, status, body) => {
      endpoint.react((response) =>
        response.writeHead(status, { location: `${endpoint.url}/other` }).end(body),
      );
      const { vault_id, id } = await oauth(-secondUs);
      const failed = vaults.authorizationFor([vault_id], url);
      await expect(failed).rejects.toMatchObject({
        ...{ name: 'VaultError', reason: 'refresh_failed', vault_id, credential_id: id },
        message: `credential ${id} of vault ${vault_id} could not be refreshed: its token endpoint answered with HTTP ${status}, and with no token`,
      });
      expect(endpoint.received).toHaveLength(1);
      expect(told.at(-1)).toMatchObject({ type: 'vault_credential.refresh_failed', data: { id, vault_id } });
      expect(JSON.stringify([logged, told])).not.toMatch(/(access|refresh|client)-0/);
      // Nobody is kept from trying again.
      endpoint.react((response) => response.end('{"access_token":"access-9"}'));
      const found = await vaults.authorizationFor([vault_id], url);
      expect(found).toMatchObject({ authorization: 'Bearer access-9' });
      const { auth } = await vaults.credentials.retrieve({ vault_id, id });
      expect(auth).toMatchObject({ expires_at: null });
    });

    test('does while it has not ended, when its endpoint is not there', async () => {
      endpoint.react((response) => response.destroy());
      const { vault_id, id } = await oauth(30_000_000);
      expect(await vaults.authorizationFor([vault_id], url)).toMatchObject({
        authorization: 'Bearer access-0',
      });
      nowMs += 31_000;
      await expect(vaults.authorizationFor([vault_id], url)).rejects.toThrow(
        `credential ${id} of vault ${vault_id} could not be refreshed: its token endpoint could not be reached`,
      );
    });

    test('that comes while its room is being stopped is kept', async () => {
      const { vault_id, id } = await oauth(-secondUs);
      const room = open();
      const asked = Promise.withResolvers<void>();
      const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
      answerAfter(() => {
        asked.resolve();
        return stopped;
      });
      const renewed = room.authorizationFor([vault_id], url);
      await asked.promise;
      const stopping = room.stop();
      stop();
      await stopping;
      expect(await renewed).toMatchObject({ authorization: 'Bearer access-1' });
      expect(await rowOf(id)).toMatchObject({ revision: 2, refreshing_until: null });
    });

    test('that somebody replaces during a refresh stays as they want it', async () => {
      const { vault_id, id } = await oauth(-secondUs);
      const auth = { type: 'mcp_oauth', access_token: 'mine', expires_at: null } as const;
      answerAfter(() => vaults.credentials.update({ vault_id, id }, { auth }, me));
      expect(await vaults.authorizationFor([vault_id], url)).toMatchObject({ authorization: 'Bearer mine' });
      expect(await vaults.authorizationFor([vault_id], url)).toMatchObject({ authorization: 'Bearer mine' });
    });

    test('of a credential that is archived during a refresh is gone', async () => {
      const { vault_id, id } = await oauth(-secondUs);
      answerAfter(() => vaults.credentials.archive({ vault_id, id }, me));
      expect(await vaults.authorizationFor([vault_id], url)).toBeNull();
      expect(await rowOf(id)).toMatchObject({ sealed: null, key_id: null });
    });

    test('that comes when the right to it was taken over is not written over what the other does', async () => {
      const { vault_id, id } = await oauth(-secondUs);
      const refreshing_until = formatTime(clock.now() + hourUs);
      answerAfter(() => store.write((tx) => updateCredential(tx, id, { refreshing_until })));
      await expect(vaults.authorizationFor([vault_id], url)).rejects.toMatchObject({
        reason: 'refresh_failed',
      });
      expect(await rowOf(id)).toMatchObject({ refreshing_until, revision: 1 });
    });

    test('is renewed by another process when the one that had the right to it is gone', async () => {
      rotating();
      const { vault_id, id } = await oauth(-secondUs);
      const refreshing_until = formatTime(clock.now() - 1);
      await store.write((tx) => updateCredential(tx, id, { refreshing_until }));
      expect(await vaults.authorizationFor([vault_id], url)).toMatchObject({
        authorization: 'Bearer access-1',
      });
    });
  });

  describe('In the database', () => {
    test('no secret is to be read', async () => {
      const { id } = await oauth(hourUs);
      expect(JSON.stringify(await rowOf(id))).not.toMatch(/(access|refresh|client)-0/);
    });

    test.each<[string, (id: string) => Partial<CredentialRow>]>([
      ['from another row', (id) => ({ id })],
      ['with another server', () => ({ url_key: 'https://evil.example.com' })],
      [
        'with another token endpoint',
        () => ({
          auth: JSON.stringify({
            ...{ type: 'mcp_oauth', mcp_server_url: url, expires_at: null },
            refresh: { token_endpoint: 'https://evil.example.com' },
          }),
        }),
      ],
    ])('a secret opens nothing %s', async (_what, change) => {
      const vault_id = await newVault();
      const { id } = await oauth(hourUs, vault_id);
      const other = await vaults.credentials.create(vault_id, { auth: bearer('https://a.example', 'x') }, me);
      const { id: _, ...changes } = change(other.id);
      const { sealed } = await rowOf(other.id);
      await store.write((tx) => updateCredential(tx, id, 'id' in change(id) ? { sealed } : changes));
      const asked = vaults.authorizationFor([vault_id], changes.url_key ?? url);
      await expect(asked).rejects.toMatchObject({
        ...{ name: 'VaultError', reason: 'locked', credential_id: id },
        message: `the secrets of credential ${id} cannot be decrypted: they are not as they were written`,
      });
    });
  });

  describe('The key', () => {
    test('is needed for what is new, and for nothing else', async () => {
      const { vault_id, id } = await oauth(hourUs);
      const without = open({ key: null });
      const locked = { code: 'vault_locked', message: expect.stringContaining('PAWL_VAULT_KEY') };
      await expect(without.create({ display_name: 'x' }, me)).rejects.toMatchObject(locked);
      const auth = bearer('https://b.example', 'x');
      await expect(without.credentials.create(vault_id, { auth }, me)).rejects.toMatchObject(locked);
      const change = { type: 'mcp_oauth', access_token: 'x' } as const;
      await expect(without.credentials.update({ vault_id, id }, { auth: change }, me)).rejects.toMatchObject(
        locked,
      );
      await expect(without.authorizationFor([vault_id], url)).rejects.toMatchObject({ reason: 'locked' });
      expect(await without.credentials.retrieve({ vault_id, id })).toMatchObject({ id });
      await without.credentials.update({ vault_id, id }, { display_name: 'y' }, me);
      expect(await without.archive(vault_id, me)).toMatchObject({ archived_at: expect.any(String) });
    });

    test('of now takes over from the one before, at the start or at the next change', async () => {
      const { vault_id, id } = await oauth(hourUs);
      const both = open({ key: nextKey, previous_key: key });
      expect(await both.authorizationFor([vault_id], url)).toMatchObject({
        authorization: 'Bearer access-0',
      });
      const { key_id } = await rowOf(id);
      const auth = { type: 'mcp_oauth', access_token: 'access-1' } as const;
      await both.credentials.update({ vault_id, id }, { auth }, me);
      expect((await rowOf(id)).key_id).not.toBe(key_id);
      const made = [];
      for (let i = 0; i < 51; i++) made.push(await oauth(hourUs));
      const renewing = open({ key: nextKey, previous_key: key });
      await renewing.start();
      expect(JSON.stringify(logged)).toContain('cannot be decrypted');
      expect(JSON.stringify(logged)).not.toContain('can go');
      const alone = open({ key: nextKey });
      for (const one of [...made, { vault_id }]) {
        expect(await alone.authorizationFor([one.vault_id], url)).toMatchObject({
          authorization: expect.stringMatching(/^Bearer access-/),
        });
      }
    });

    test('before can go when nothing is left that was encrypted with another', async () => {
      const own = await openStore({ kind: 'memory' });
      const lastKey = randomBytes(32).toString('base64');
      for (const made of [key, nextKey]) {
        const room = open({ key: made, store: own });
        const { id } = await room.create({ display_name: 'Ann' }, me);
        await room.credentials.create(id, { auth: bearer(url, 'token') }, me);
      }
      const said = async (keys: { key: string; previous_key: string }): Promise<unknown[]> => {
        logged = [];
        await open({ ...keys, store: own }).start();
        return logged;
      };
      expect(await said({ key: lastKey, previous_key: nextKey })).toEqual([
        [{ credentials: 1 }, expect.stringMatching(/^These credentials were encrypted anew/)],
        [{ keys: 1 }, expect.stringMatching(/other keys than PAWL_VAULT_KEY/)],
      ]);
      expect(await said({ key: lastKey, previous_key: key })).toEqual([
        [{ credentials: 1 }, expect.stringMatching(/^All credentials .* PAWL_VAULT_KEY_PREVIOUS can go$/)],
      ]);
      await own.close();
    });

    test('that opens nothing is reported at the start, without a word of what is in there', async () => {
      const { vault_id } = await oauth(hourUs);
      const other = open({ key: randomBytes(32).toString('base64') });
      await other.start();
      expect(logged).toMatchObject([
        [expect.anything(), expect.stringMatching(/other keys than PAWL_VAULT_KEY/)],
      ]);
      await expect(other.authorizationFor([vault_id], url)).rejects.toThrow(/another key than the server's/);
    });
  });
});
