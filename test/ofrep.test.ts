import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { type Client, OpenFeature } from '@openfeature/server-sdk';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SessionExtras } from '../src/api/wire/sessions.ts';
import { placeOf } from '../src/core/assignment.ts';
import type { LogFields } from '../src/core/log.ts';
import { ask } from './evals/eval-story.ts';
import { envelopeComplaint } from './fuzz-target.ts';
import { cellsUnder } from './openapi/reference-table.ts';
import { quietLog, startPawl, type TestPawl } from './pawl.ts';
import { makeSetting, type Setting } from './story.ts';

/*
 * The goal: programs for OpenFeature read from an alias which version a session would get, whatever goes on with it.
 * The method: the official OpenFeature SDK and its OFREP provider, unmodified, beside sessions of the Anthropic SDK;
 * and for what that provider does not ask for, plain requests.
 */

let folder: string;
let pawl: TestPawl;
let flags: Client;
let setting: Setting;
/** The agent of the test that runs, with versions 1 to 3; `production` stands for 1. */
let id: string;
let flag: string;
const logged: LogFields[] = [];
/** What is logged at the level `debug`. */
const details: LogFields[] = [];

const salt = 'a salt';
const rollout = { rollout_id: 'roll_1', canary_salt: salt, canary_version: 2, canary_weight: 3000 };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-ofrep-'));
  const note = (lines: LogFields[]) => (fields: LogFields, message: string) => {
    lines.push({ ...fields, message });
  };
  pawl = await startPawl(
    { data_dir: folder },
    { log: { ...quietLog, info: note(logged), debug: note(details) } },
  );
  const viewer = await ask<{ secret: string }>(pawl, '/keys', { name: 'flags', role: 'viewer' });
  flags = await openFeatureClient(viewer.secret);
});
afterAll(async () => {
  await OpenFeature.close();
  await pawl.server.close();
  rmSync(folder, { recursive: true });
});

beforeEach(async () => {
  setting = await makeSetting(pawl.client, { system: 'The first prompt.' });
  id = setting.agent.id;
  await pawl.client.beta.agents.update(id, { version: 1, system: 'The second prompt.' });
  await pawl.client.beta.agents.update(id, { version: 2, system: 'The third prompt.' });
  await setAlias('production', 1);
  flag = `${id}@production`;
  logged.length = 0;
  details.length = 0;
});

async function openFeatureClient(key: string): Promise<Client> {
  const headers: [string, string][] = [['Authorization', `Bearer ${key}`]];
  await OpenFeature.setProviderAndWait(key, new OFREPProvider({ baseUrl: pawl.url, headers }));
  return OpenFeature.getClient(key);
}

const setAlias = (name: string, version: number, agent = id) =>
  ask(pawl, `/agents/${agent}/aliases/${name}`, { version, from: null });

/** Puts a rollout on an alias, or takes it off, behind the server's back. */
function roll(
  columns: Partial<Record<keyof typeof rollout, string | number | null>>,
  name = 'production',
): void {
  const file = new Sqlite(join(folder, 'pawl.db'), { timeout: 5000 });
  const sets = Object.keys(columns).map((column) => `${column} = ?`);
  file
    .prepare(`update aliases set ${sets.join(', ')} where agent_id = ? and name = ?`)
    .run(...Object.values(columns), id, name);
  file.close();
}

async function startSession(
  key: string | null,
  agent = flag,
): Promise<SessionExtras & { session_id: string }> {
  const { environment_id } = setting;
  const metadata: Record<string, string> = key === null ? {} : { targeting_key: key };
  const session = await pawl.client.beta.sessions.create({ agent, environment_id, metadata });
  return { ...(session as unknown as { pawl: SessionExtras }).pawl, session_id: session.id };
}

const detailsFor = (targetingKey: string | null, key = flag, client = flags) =>
  client.getNumberDetails(key, 0, targetingKey === null ? {} : { targetingKey });

/** Asks without a client in between; an answer that is an error must be in the envelope of every route as well. */
async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${pawl.url}/ofrep/v1/evaluate/flags${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': pawl.key, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  if (response.status >= 400) expect(envelopeComplaint(text, response.headers.get('request-id'))).toBeNull();
  const answer = (text === '' ? null : JSON.parse(text)) as Record<string, unknown> | null;
  return { status: response.status, etag: response.headers.get('etag') ?? '', answer };
}

const evaluations = (lines = logged) =>
  lines.filter(({ event_name }) => event_name === 'feature_flag.evaluation');

describe('An alias without a rollout', () => {
  test('is a static flag whose value is the version, for whomever', async () => {
    const { config_hash } = await startSession(null);
    const expected = {
      ...{ flagKey: flag, value: 1, variant: 'v1', reason: 'STATIC' },
      flagMetadata: { agent_id: id, alias: 'production', config_hash },
    };
    expect(await detailsFor(null)).toEqual(expected);
    expect(await detailsFor('ann')).toEqual(expected);
  });

  test('is found by every name that a session can have for it', async () => {
    expect(await detailsFor(null, `${id}@latest`)).toMatchObject({ value: 3, variant: 'v3' });
    expect(await detailsFor(null, id)).toMatchObject({ value: 3 });
    await ask(pawl, `/agents/${id}/settings`, { default_alias: 'production' });
    expect(await detailsFor(null, id)).toMatchObject({
      value: 1,
      flagMetadata: { alias: 'production' },
    });
    expect((await post(`/${encodeURIComponent(flag)}`, {})).answer).toMatchObject({ key: flag, value: 1 });
  });
});

describe('An alias with a rollout', () => {
  test('splits the keys just as sessions are split, every one of a thousand', async () => {
    roll(rollout);
    const keys = Array.from({ length: 1000 }, (_, number) => `person ${number}`);
    const arms = { canary: 0, control: 0 };
    for (let at = 0; at < keys.length; at += 50) {
      const batch = keys.slice(at, at + 50);
      await Promise.all(
        batch.map(async (key) => {
          const [details, session] = await Promise.all([detailsFor(key), startSession(key)]);
          const { bucket } = placeOf(salt, key);
          const arm = bucket < 3000 ? 'canary' : 'control';
          expect(details).toEqual({
            ...{ flagKey: flag, value: arm === 'canary' ? 2 : 1, variant: arm, reason: 'SPLIT' },
            flagMetadata: {
              ...{ agent_id: id, alias: 'production', config_hash: session.config_hash },
              ...{ rollout_id: 'roll_1', weight: 30 },
            },
          });
          expect(session).toMatchObject({
            version: details.value,
            reason: arm === 'canary' ? 'canary' : 'alias',
            rollout: { id: 'roll_1', arm: details.variant, weight: 30 },
          });
          arms[arm] += 1;
        }),
      );
    }
    expect(arms.canary).toBeGreaterThan(200);
    expect(arms.control).toBeGreaterThan(500);
  });

  test('asks who is served', async () => {
    roll(rollout);
    for (const key of [null, '']) {
      expect(await detailsFor(key)).toMatchObject({
        value: 0,
        reason: 'ERROR',
        errorCode: 'TARGETING_KEY_MISSING',
      });
    }
    expect(await post(`/${flag}`, {})).toMatchObject({
      status: 400,
      answer: {
        key: flag,
        errorCode: 'TARGETING_KEY_MISSING',
        errorDetails: expect.stringContaining('targetingKey'),
      },
    });
    expect(await detailsFor(null, `${id}@latest`)).toMatchObject({ value: 3, reason: 'STATIC' });
  });

  test('is told by sessions, and only by those that the rollout decided on', async () => {
    expect(await startSession('ann')).toMatchObject({ reason: 'alias', rollout: null });
    roll({ ...rollout, canary_weight: 10_000 });
    const share = { id: 'roll_1', arm: 'canary', weight: 100 };
    expect(await startSession('ann')).toMatchObject({ version: 2, alias: 'production', rollout: share });
    expect(await startSession(null)).toMatchObject({ version: 2, reason: 'canary', rollout: share });
    roll({ canary_weight: 0 });
    expect(await startSession('ann')).toMatchObject({
      ...{ version: 1, reason: 'alias' },
      rollout: { ...share, arm: 'control', weight: 0 },
    });
    roll({ canary_weight: 525 });
    expect((await startSession('ann')).rollout?.weight).toBe(5.25);
    expect(await startSession('ann', `${id}@latest`)).toMatchObject({ reason: 'latest', rollout: null });
  });

  test('is asked for without any trace but in the log', async () => {
    roll(rollout);
    const file = new Sqlite(join(folder, 'pawl.db'), { readonly: true });
    const version = () => file.pragma('data_version', { simple: true });
    const before = version();
    await detailsFor('ann');
    await post('', { context: { targetingKey: 'ann' } });
    expect(version()).toBe(before);
    file.close();
  });
});

describe('A flag that cannot be told', () => {
  test.each([
    ['no agent', () => 'agent_F27bcWFLkZJpAgujy7RHUMwW@production'],
    ['nothing like an agent', () => 'dark-mode'],
    ['an alias that is not there', () => `${id}@staging`],
    ['what is no alias', () => `${id}@@`],
  ])('because it names %s is not found, and the caller keeps the default', async (_name, key) => {
    expect(await detailsFor('ann', key())).toMatchObject({
      value: 0,
      reason: 'ERROR',
      errorCode: 'FLAG_NOT_FOUND',
      errorMessage: expect.stringMatching(/agent/),
    });
  });

  test('because its alias stands for nothing is not found', async () => {
    await setAlias('staging', 2);
    await ask(pawl, `/agents/${id}/aliases/staging`, { version: null, from: 2 });
    expect(await detailsFor('ann', `${id}@staging`)).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' });
  });

  test('because the agent is archived says so, as the start of a session does', async () => {
    await pawl.client.beta.agents.archive(id);
    expect(await post(`/${flag}`, {})).toMatchObject({
      status: 400,
      answer: {
        errorCode: 'GENERAL',
        errorDetails: `agent ${id} is archived and starts no sessions`,
        error: { details: { error_code: 'agent_archived' } },
      },
    });
    expect(await detailsFor('ann')).toMatchObject({ value: 0, errorCode: 'GENERAL' });
  });

  test.each([
    ['a context that is no object', { context: 'ann' }, 'INVALID_CONTEXT'],
    ['a targeting key that is a number', { context: { targetingKey: 7 } }, 'INVALID_CONTEXT'],
    [
      'a longer targeting key than sessions take',
      { context: { targetingKey: 'a'.repeat(513) } },
      'INVALID_CONTEXT',
    ],
    ['a body that is a list', [], 'INVALID_CONTEXT'],
    ['a body that is no JSON', '{"context":', 'PARSE_ERROR'],
  ])('because of %s has its own code', async (_name, body, errorCode) => {
    for (const path of [`/${flag}`, '']) {
      const key = path === '' ? {} : { key: flag };
      expect(await post(path, body)).toMatchObject({ status: 400, answer: { ...key, errorCode } });
    }
  });

  test.each([
    ['512 letters', 'a'.repeat(512), true],
    ['256 emoji, which are 512 characters as metadata counts', '🦆'.repeat(256), true],
    ['257 emoji', '🦆'.repeat(257), false],
  ])('because of a targeting key that sessions refuse is refused: not %s', async (_name, key, isTaken) => {
    roll(rollout);
    const told = await post(`/${flag}`, { context: { targetingKey: key } });
    const session = startSession(key);
    if (isTaken) {
      expect(told).toMatchObject({ status: 200, answer: { value: (await session).version } });
    } else {
      await expect(session).rejects.toThrow('metadata.targeting_key: at most 512 characters');
      expect(told).toMatchObject({ status: 400, answer: { errorCode: 'INVALID_CONTEXT' } });
    }
  });

  test.each([
    ['a key that is too long', `/${'k'.repeat(3000)}`, 'k'.repeat(3000), 400, 'GENERAL'],
    ['a key that cannot be decoded', '/%', '%', 400, 'GENERAL'],
    ['a key of two parts', '/one/two%40production', 'one/two@production', 404, 'GENERAL'],
    ['a key with a query behind it', '/flag?one=two', 'flag', 404, 'FLAG_NOT_FOUND'],
  ])('because of %s is told in the words of the protocol', async (_name, path, key, status, errorCode) => {
    expect(await post(path, {})).toMatchObject({
      ...{ status, answer: { key, errorCode, errorDetails: expect.any(String) } },
    });
  });

  test('because there is no such route says so in those words too, and other routes do not', async () => {
    const bodyOf = async (path: string) => {
      const response = await fetch(`${pawl.url}${path}`, { headers: { 'x-api-key': pawl.key } });
      return (await response.json()) as object;
    };
    const refused = { errorCode: 'GENERAL', error: { details: { error_code: 'route_not_found' } } };
    expect(await bodyOf('/ofrep/v1/configuration')).toMatchObject(refused);
    expect(await bodyOf(`/ofrep/v1/evaluate/flags/${flag}`)).toMatchObject({ ...refused, key: flag });
    expect(await bodyOf('/v1/nothing')).not.toHaveProperty('errorCode');
  });

  test('because of the size of the request, or its type, is told in the same way', async () => {
    const huge = JSON.stringify({ context: { text: 'x'.repeat(33 * 1024 * 1024) } });
    expect(await post(`/${flag}`, huge)).toMatchObject({ status: 413, answer: { errorCode: 'GENERAL' } });
    expect(await post(`/${flag}`, '{}', { 'content-type': 'text/plain' })).toMatchObject({
      status: 400,
      answer: { errorCode: 'PARSE_ERROR' },
    });
  });

  test('because of the key of the API is an error that the provider knows', async () => {
    const denied = {
      ...{ key: flag, errorCode: 'GENERAL' },
      errorDetails: expect.stringContaining('API key'),
    };
    expect(await post(`/${flag}`, {}, { 'x-api-key': 'wrong' })).toMatchObject({
      status: 401,
      answer: denied,
    });
    expect((await post('', {}, { 'x-api-key': 'wrong' })).answer).not.toHaveProperty('key');
    const stranger = await openFeatureClient('wrong');
    expect(await detailsFor('ann', flag, stranger)).toMatchObject({
      value: 0,
      reason: 'ERROR',
      errorCode: 'GENERAL',
    });
  });
});

describe('All flags at once', () => {
  type Listed = { readonly flags: readonly { readonly key: string }[] };
  const listOf = async (context: object) => (await post('', { context })).answer as Listed | null;

  test('are those of one agent that stand for a version, by name', async () => {
    await setAlias('staging', 3);
    await setAlias('beta', 2);
    await ask(pawl, `/agents/${id}/aliases/beta`, { version: null, from: 2 });
    roll(rollout);
    const variants = new Set<unknown>();
    for (const key of ['ann', 'bob', 'cleo', 'dan', 'eve', 'flo', 'gil', 'hal']) {
      const single = [flag, `${id}@staging`].map(
        async (one) => (await post(`/${one}`, { context: { targetingKey: key } })).answer,
      );
      const expected = await Promise.all(single);
      expect(await listOf({ agent_id: id, targetingKey: key })).toEqual({ flags: expected });
      variants.add(expected[0]?.['variant']);
    }
    expect([...variants].toSorted()).toEqual(['canary', 'control']);
    expect(await listOf({ agent_id: 'agent_nobody' })).toEqual({ flags: [] });
  });

  test('without a targeting key lack only those that need one', async () => {
    await setAlias('staging', 3);
    roll(rollout);
    expect(await listOf({ agent_id: id })).toEqual({
      flags: [
        {
          ...{ key: flag, errorCode: 'TARGETING_KEY_MISSING' },
          errorDetails: expect.stringContaining('targetingKey'),
        },
        expect.objectContaining({ key: `${id}@staging`, value: 3 }),
      ],
    });
  });

  test('of all agents leave out those that are archived', async () => {
    const other = await makeSetting(pawl.client);
    await setAlias('production', 1, other.agent.id);
    const keys = async () => (await listOf({}))?.flags.map(({ key }) => key);
    const both = [`${other.agent.id}@production`, flag];
    expect((await keys())?.slice(0, 2)).toEqual(both);
    await pawl.client.beta.agents.archive(other.agent.id);
    expect((await keys())?.[0]).toBe(flag);
    expect(await listOf({ agent_id: other.agent.id })).toEqual({ flags: [] });
  });

  test('are not sent again while they are the same', async () => {
    roll(rollout);
    const context = { agent_id: id, targetingKey: 'ann' };
    const { etag } = await post('', { context });
    expect(etag).toMatch(/^"[\w-]+"$/);
    const again = (named: string) => post('', { context }, { 'if-none-match': named });
    for (const named of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      expect(await again(named)).toEqual({ status: 304, etag, answer: null });
    }
    expect(await again('"other"')).toMatchObject({ status: 200, etag });
    roll({ canary_weight: 10_000 });
    const moved = await again(etag);
    expect(moved).toMatchObject({ status: 200, answer: { flags: [{ value: 2 }] } });
    expect(moved.etag).not.toBe(etag);
  });
});

describe('The log', () => {
  const key = 'ann@example.com';

  test('has one line for each session that a rollout decided on, and none for any other', async () => {
    roll(rollout);
    const { arm, version, session_id } = await startSession(key).then(({ rollout: at, ...one }) => ({
      ...one,
      arm: at?.arm,
    }));
    await startSession(key, `${id}@latest`);
    const { environment_id } = setting;
    await pawl.client.beta.sessions.create({ agent: { type: 'agent', id, version: 2 }, environment_id });
    await expect(startSession('x'.repeat(513))).rejects.toThrow('metadata');
    expect(evaluations()).toEqual([
      {
        ...{ event_name: 'feature_flag.evaluation', message: 'A flag was evaluated', session_id },
        'feature_flag.key': flag,
        'feature_flag.result.value': version,
        'feature_flag.result.variant': arm,
        'feature_flag.result.reason': 'split',
        'feature_flag.context.id': placeOf(salt, key).unit,
        'feature_flag.set.id': id,
        'feature_flag.version': 'roll_1:3000',
        'feature_flag.provider.name': 'Pawl',
      },
    ]);
    expect(JSON.stringify(logged)).not.toContain('example.com');
    const fields = cellsUnder('flags.md', 'In the log').map(([field]) => field);
    expect([...fields, 'message'].toSorted()).toEqual(Object.keys(evaluations()[0] ?? {}).toSorted());
  });

  test('has one line for each flag that was asked for by its name', async () => {
    await detailsFor(key);
    await detailsFor(key, `${id}@nothing`);
    expect(evaluations()).toEqual([
      {
        ...{ event_name: 'feature_flag.evaluation', message: 'A flag was evaluated' },
        'feature_flag.key': flag,
        'feature_flag.result.value': 1,
        'feature_flag.result.variant': 'v1',
        'feature_flag.result.reason': 'static',
        'feature_flag.set.id': id,
        'feature_flag.provider.name': 'Pawl',
      },
    ]);
  });

  test('has one line for all flags at once, and one for each of them where it is detailed', async () => {
    await setAlias('staging', 3);
    roll(rollout);
    const context = { agent_id: id, targetingKey: key };
    const { etag } = await post('', { context });
    await post('', { context }, { 'if-none-match': etag });
    await post('', { context: { agent_id: id } });
    const line = { message: 'Flags were evaluated', request_id: expect.stringMatching(/^req_/) };
    expect(logged).toEqual([
      { ...line, flags: 2, missing: 0 },
      { ...line, flags: 1, missing: 1 },
    ]);
    const staging = `${id}@staging`;
    const single = evaluations(details);
    expect(single.map((one) => one['feature_flag.key'])).toEqual([flag, staging, staging]);
    logged.length = 0;
    await detailsFor(key);
    await detailsFor(null);
    // The same hash stands for the same key.
    expect(evaluations()).toEqual([single[0]]);
    expect(single[0]).toMatchObject({ 'feature_flag.context.id': placeOf(salt, key).unit });
    expect(JSON.stringify([logged, details])).not.toContain('example.com');
  });
});
