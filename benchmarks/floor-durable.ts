/**
 * The yardstick: the least that a durable server can do. Fastify, SQLite in WAL mode with FULL sync, all
 * writes of one turn of the event loop in one commit; no keys, no validation, no versions. A case is
 * POST /sessions (one commit) and POST /sessions/:id/turn (commit the message, ask the model, commit the reply).
 * With `history` the model is told all that was said before.
 */
import { Agent, request as httpRequest } from 'node:http';
import Sqlite from 'better-sqlite3';
import { fastify } from 'fastify';

const [file = ':memory:', modelUrl = ''] = process.argv.slice(2);
const db = new Sqlite(file);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec(`create table if not exists sessions (id text primary key, created_at text not null, status text not null);
create table if not exists events (session_id text not null, seq integer not null, body text not null, primary key (session_id, seq))`);
const insertSession = db.prepare("insert into sessions values (?, ?, 'idle')");
const insertEvent = db.prepare(
  'insert into events select ?, coalesce(max(seq), 0) + 1, ? from events where session_id = ?',
);
const setStatus = db.prepare('update sessions set status = ? where id = ?');
const listSessions = db.prepare('select * from sessions order by created_at desc, id desc limit 20');
const listEvents = db.prepare('select body from events where session_id = ? order by seq');
const getSession = db.prepare('select * from sessions where id = ?');

let queue: { run: () => void; done: () => void }[] = [];
const commitAll = db.transaction((batch: typeof queue) => {
  for (const { run } of batch) run();
});

function commit(run: () => void): Promise<void> {
  return new Promise((done) => {
    queue.push({ run, done });
    if (queue.length > 1) return;
    setImmediate(() => {
      const batch = queue;
      queue = [];
      commitAll(batch);
      for (const { done: tell } of batch) tell();
    });
  });
}

const agent = new Agent({ keepAlive: true, maxSockets: 256 });

type Message = { readonly role: 'user' | 'assistant'; readonly content: string };

function askModel(messages: readonly Message[]): Promise<string> {
  const body = JSON.stringify({ model: 'fake', stream: true, messages });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const call = httpRequest(
    `${modelUrl}/v1/messages`,
    { method: 'POST', agent, headers: { 'content-length': Buffer.byteLength(body) } },
    (response) => {
      let reply = '';
      response.on('data', (chunk: Buffer) => {
        reply += chunk;
      });
      response.on('end', () => {
        let said = '';
        for (const match of reply.matchAll(/"text_delta","text":("(?:[^"\\]|\\.)*")/g))
          said += JSON.parse(match[1] ?? '""');
        resolve(said);
      });
    },
  );
  call.on('error', reject);
  call.end(body);
  return promise;
}

/** All that was said in a session. */
function conversation(id: string): Message[] {
  return (listEvents.all(id) as { body: string }[]).flatMap(({ body }): Message[] => {
    const { type, text } = JSON.parse(body) as { type: string; text: string };
    if (type === 'user.message') return [{ role: 'user', content: text }];
    return type === 'agent.message' ? [{ role: 'assistant', content: text }] : [];
  });
}

const app = fastify({ forceCloseConnections: true });
let number = 0;

app.post('/sessions', async () => {
  const id = `s${process.pid}_${++number}`;
  await commit(() => insertSession.run(id, new Date().toISOString()));
  return { id };
});
app.post<{ Params: { id: string }; Body: { text: string; history?: boolean } }>(
  '/sessions/:id/turn',
  async ({ params, body }) => {
    await commit(() => {
      insertEvent.run(params.id, JSON.stringify({ type: 'user.message', text: body.text }), params.id);
      setStatus.run('running', params.id);
    });
    const text = await askModel(
      body.history === true ? conversation(params.id) : [{ role: 'user', content: body.text }],
    );
    await commit(() => {
      insertEvent.run(params.id, JSON.stringify({ type: 'agent.message', text }), params.id);
      insertEvent.run(params.id, JSON.stringify({ type: 'session.status_idle' }), params.id);
      setStatus.run('idle', params.id);
    });
    return { text };
  },
);
app.get('/sessions', async () => ({ data: listSessions.all() }));
app.get<{ Params: { id: string } }>('/sessions/:id', async ({ params }) => getSession.get(params.id));

await app.listen({ host: '127.0.0.1', port: 0 });
const address = app.server.address();
console.log(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`);
process.once('SIGTERM', () => process.exit(0));
