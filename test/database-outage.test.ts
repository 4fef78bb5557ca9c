import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sdk, startPawl, type TestPawl } from './pawl.ts';
import { type FreshDatabase, freshDatabase } from './postgres.ts';
import { answersIn, converse, errorOf, eventually, makeSetting, openSession, say } from './story.ts';

/*
 * The goal: while PostgreSQL is away, clients are told to come again, and the server needs nobody to recover. The
 * method: a real PostgreSQL behind a door that the test shuts: no connection survives, and no new one is taken.
 */

/** Passes connections on to a server, until it is shut. */
async function openDoor(target: URL) {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
    return socket;
  };
  const server = createServer((incoming) => {
    const outgoing = connect(Number(target.port), target.hostname);
    keep(incoming).pipe(keep(outgoing)).pipe(incoming);
    incoming.on('close', () => outgoing.destroy());
    outgoing.on('close', () => incoming.destroy());
  });
  const open = async (port: number): Promise<void> => {
    await once(server.listen(port, '127.0.0.1'), 'listening');
  };
  await open(0);
  const { port } = server.address() as AddressInfo;
  const shut = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const url = new URL(target);
  url.host = `127.0.0.1:${port}`;
  return { url: url.toString(), shut, reopen: () => open(port) };
}

let database: FreshDatabase;
let door: Awaited<ReturnType<typeof openDoor>>;
let pawl: TestPawl;
let client: Anthropic;

beforeAll(async () => {
  database = await freshDatabase();
  door = await openDoor(new URL(database.url));
  pawl = await startPawl({ database_url: door.url });
  client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
});

afterAll(async () => {
  await pawl.server.close();
  await door.shut();
  await database.drop();
});

test('While PostgreSQL is away every request is answered with 529, and afterwards all is as before', async () => {
  const setting = await makeSetting(client);
  const { id } = await openSession(client, setting);
  const { agents, sessions } = client.beta;

  await door.shut();
  for (const call of [
    () => agents.list(),
    () => agents.create({ name: 'late', model: 'm' }),
    () => sessions.retrieve(id),
    () => sessions.events.send(id, { events: [say('late')] }),
    () => sessions.events.stream(id),
  ]) {
    const error = await errorOf(call());
    expect(error).toMatchObject({
      status: 529,
      error: {
        type: 'error',
        error: { type: 'overloaded_error', details: { error_code: 'overloaded' } },
        request_id: expect.stringMatching(/^req_/),
      },
    });
    expect(error.headers?.get('x-should-retry')).toBeNull();
    expect(error.message).not.toMatch(/ECONN|127\.0\.0\.1|terminated/);
  }

  await door.reopen();
  const listed = await eventually('the server at work again', () => agents.list().catch(() => null));
  expect(listed.data.map((agent) => agent.id)).toEqual([setting.agent.id]);
  const done = await converse(client, id, 'Hello');
  expect(done.filter((event) => event.type === 'user.message')).toHaveLength(1);
  expect(answersIn(done)).toHaveLength(1);
});
