import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { sdk } from '../pawl.ts';
import { freshFolder, type Running, startPawlProcess } from '../pawl-process.ts';
import { type FreshDatabase, freshDatabase } from '../postgres.ts';
import { converse } from '../story.ts';
import { parseDockerfile } from './dockerfile.ts';
import { longestEndS, projectFile, unknownVariables, usualPort } from './known.ts';

/*
 * The goal: what compose.yaml says works together. The method: it is read as an engine would read it, and the commands of
 * its services run as processes on a real PostgreSQL, with the environment that it gives them.
 */

type Service = {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly read_only?: boolean;
  readonly stop_grace_period?: string;
};
type Compose = {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};

const text = projectFile('compose.yaml');
const given = { POSTGRES_PASSWORD: 'letters', PAWL_API_KEY: 'a-key-of-whoever-composes' };

/** Puts variables in where the values have them. Throws an Error for one that has to be set and is not. */
function compose(variables: Readonly<Record<string, string>>): Compose {
  const read = JSON.stringify(parse(text, { merge: true }));
  const filled = read.replace(/\$\{(\w+):([?-])([^}]*)\}/g, (_, name: string, how: string, rest: string) => {
    const value = variables[name] ?? '';
    if (value === '' && how === '?') throw new Error(`${name} ${rest}`);
    return value === '' ? rest : value;
  });
  return JSON.parse(filled) as Compose;
}

const { services, volumes } = compose(given);
const ours = Object.entries(services).filter(([, { image }]) => image === 'pawl');
const image = parseDockerfile(projectFile('Dockerfile')).at(-1)?.instructions ?? [];
const said = (name: string): string | undefined => image.find((one) => one.name === name)?.text;

describe('compose.yaml', () => {
  test.each(Object.keys(given))('does not begin without %s', (name) => {
    expect(() => compose({ ...given, [name]: '' })).toThrow(`${name} has to be set`);
  });

  test('sets variables that the server reads', () => {
    expect(ours.map(([name]) => name)).toEqual(['migrate', 'api', 'worker']);
    expect(unknownVariables(ours.flatMap(([, { environment }]) => Object.keys(environment ?? {})))).toEqual(
      [],
    );
  });

  test('waits for the database, and with the servers for the schema', () => {
    for (const [, { depends_on = {} }] of ours) {
      for (const name of Object.keys(depends_on)) expect(Object.keys(services)).toContain(name);
    }
    expect(services['migrate']?.depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
    for (const name of ['api', 'worker']) {
      expect(services[name]?.depends_on).toEqual({
        migrate: { condition: 'service_completed_successfully' },
      });
    }
  });

  test('gives servers the time that they need to end', () => {
    for (const name of ['api', 'worker']) {
      const [, seconds] = /^(\d+)s$/.exec(services[name]?.stop_grace_period ?? '') ?? [];
      expect(Number(seconds)).toBeGreaterThan(longestEndS);
    }
  });

  test('opens the port of the image to this machine alone', () => {
    expect(ours.flatMap(([, { ports = [] }]) => ports)).toEqual([`127.0.0.1:${usualPort}:${usualPort}`]);
    expect(said('EXPOSE')).toBe(String(usualPort));
  });

  test('keeps files where the image has them, the same for all, and lets nothing else be written', () => {
    for (const [, service] of ours) {
      expect(service.volumes).toEqual([`files:${said('VOLUME')}`]);
      expect(service.read_only).toBe(true);
    }
    const named = Object.values(services).flatMap((one) =>
      (one.volumes ?? []).map((volume) => volume.split(':')[0]),
    );
    expect([...new Set(named)].toSorted()).toEqual(Object.keys(volumes).toSorted());
  });
});

describe('The services of compose.yaml', () => {
  let database: FreshDatabase;
  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterAll(() => database.drop());

  test('migrate, answer and work on one database', { timeout: 60_000 }, async () => {
    const files = freshFolder();
    const start = (name: string): Running =>
      startPawlProcess(services[name]?.command ?? [], {
        env: {
          ...services[name]?.environment,
          ...{ DATABASE_URL: database.url, PAWL_PORT: '0', PAWL_DATA_DIR: files },
        },
      });
    expect(await start('migrate').finished).toMatchObject({ code: 0, stderr: '' });
    const [api, worker] = [start('api'), start('worker')];
    const listens = /listens on (\S+)/;
    const [[, url = '']] = await Promise.all([api.printed(listens), worker.printed(listens)]);
    const client = sdk(url, given.PAWL_API_KEY);
    const agent = await client.beta.agents.create({ name: 'a', model: 'm' });
    const environment = await client.beta.environments.create({ name: 'e' });
    const session = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
    const events = await converse(client, session.id, 'Hello');
    expect(events.map(({ type }) => type)).toContain('agent.message');
    for (const { child } of [api, worker]) child.kill('SIGTERM');
    expect([(await api.finished).code, (await worker.finished).code]).toEqual([0, 0]);
  });
});
