/**
 * The yardstick for evals: the least that a durable runner can do. It asks the model directly, so many cases at a
 * time, commits each result (those of one turn of the event loop together), and prints a report as JSON.
 * Called with: database file, model URL, number of cases, how many at a time.
 */
import { Agent, request } from 'node:http';
import Sqlite from 'better-sqlite3';
import { verdict } from './fake-model.ts';
import { sideBySide } from './measure.ts';

const [file = ':memory:', modelUrl = '', cases = '0', width = '1'] = process.argv.slice(2);
const db = new Sqlite(file);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec('create table results (ticket integer primary key, reply text not null, score integer not null)');
const insert = db.prepare('insert into results values (?, ?, ?)');
const agent = new Agent({ keepAlive: true, maxSockets: 256 });

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
      for (const one of batch) one.done();
    });
  });
}

function ask(text: string): Promise<string> {
  const body = JSON.stringify({ model: 'fake', stream: true, messages: [{ role: 'user', content: text }] });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const headers = { 'content-length': Buffer.byteLength(body) };
  const call = request(`${modelUrl}/v1/messages`, { method: 'POST', agent, headers }, (response) => {
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
  });
  call.on('error', reject);
  call.end(body);
  return promise;
}

const scores = await sideBySide(Number(cases), Number(width), async (ticket) => {
  const reply = await ask(`ticket ${ticket}`);
  const score = (JSON.parse(reply) as { team: string }).team === verdict(ticket).right ? 1 : 0;
  await commit(() => insert.run(ticket, reply, score));
  return score as number;
});
agent.destroy();
const { user, system } = process.cpuUsage();
console.log(
  JSON.stringify({
    right: scores.reduce((sum, score) => sum + score, 0),
    cases: scores.length,
    cpu_ms: (user + system) / 1000,
    rss_mb: process.memoryUsage.rss() / 2 ** 20,
  }),
);
