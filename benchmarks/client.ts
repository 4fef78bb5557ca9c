import { Agent, type IncomingMessage, request } from 'node:http';
import { now, verdict } from './fake-model.ts';
import { benchKey, type Subject } from './servers.ts';

/** What one case took. All times in ms. */
export type CaseTimes = {
  readonly ticket: number;
  /** Create and turn together. */
  readonly total: number;
  /** From sending the turn to the first text. */
  readonly ttft: number;
  /** When the end of the turn was seen, by the wall clock. */
  readonly ended_at: number;
};

/** A lean client that keeps its connections, so that the load costs as little as it can. */
export function createClient(subject: Subject) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1024 });
  const headers = { 'x-api-key': benchKey, 'content-type': 'application/json' };

  function open(method: string, path: string, body?: unknown): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const text = body === undefined ? '' : JSON.stringify(body);
    const call = request(
      `${subject.url}${path}`,
      { method, agent, headers: { ...headers, 'content-length': Buffer.byteLength(text) } },
      resolve,
    );
    call.on('error', reject);
    call.end(text);
    return promise;
  }

  async function json(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const response = await open(method, path, body);
    let text = '';
    for await (const chunk of response) text += chunk;
    if (response.statusCode !== 200) throw new Error(`${method} ${path}: ${response.statusCode} ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  }

  return { json, open, close: () => agent.destroy() };
}

export type Client = ReturnType<typeof createClient>;

/** Makes what a case needs once: an agent and an environment. The floor needs nothing. */
export async function prepare(
  subject: Subject,
  client: Client,
): Promise<{ agent: unknown; environment: string }> {
  if (subject.name === 'floor') return { agent: null, environment: '' };
  const environment = await client.json('POST', '/v1/environments', { name: 'bench' });
  const agent = await client.json('POST', '/v1/agents', {
    name: 'triage',
    model: 'claude-bench',
    system: 'Route the ticket.',
  });
  return { agent: { type: 'agent', id: agent['id'], version: 1 }, environment: String(environment['id']) };
}

/** Creates a session and runs one turn in it, to the end. Throws when anything is not as it should be. */
export async function runCase(
  subject: Subject,
  client: Client,
  place: { agent: unknown; environment: string },
  ticket: number,
): Promise<CaseTimes> {
  const began = now();
  if (subject.name === 'floor') return runFloorCase(client, ticket, began);
  const session = await client.json('POST', '/v1/sessions', {
    agent: place.agent,
    environment_id: place.environment,
  });
  const path = `/v1/sessions/${session['id']}/events`;
  const stream = await client.open('GET', `${path}/stream`);
  const sent = now();
  const sending = client.json('POST', path, {
    events: [{ type: 'user.message', content: [{ type: 'text', text: `ticket ${ticket}` }] }],
  });
  const seen = await readTurn(stream);
  await sending;
  check(seen.text, ticket);
  return { ticket, total: seen.ended_at - began, ttft: seen.first_text_at - sent, ended_at: seen.ended_at };
}

async function runFloorCase(client: Client, ticket: number, began: number): Promise<CaseTimes> {
  const session = await client.json('POST', '/sessions', {});
  const sent = now();
  const reply = await client.json('POST', `/sessions/${session['id']}/turn`, { text: `ticket ${ticket}` });
  const ended = now();
  check(String(reply['text']), ticket);
  return { ticket, total: ended - began, ttft: ended - sent, ended_at: ended };
}

/** Reads a stream until the session is idle. */
async function readTurn(
  stream: IncomingMessage,
): Promise<{ text: string; first_text_at: number; ended_at: number }> {
  let buffer = '';
  let text = '';
  let first = 0;
  for await (const chunk of stream) {
    buffer += chunk;
    const frames = buffer.split('\n\n');
    buffer = frames.pop() ?? '';
    for (const frame of frames) {
      if (frame.startsWith('event: agent.message')) {
        first = now();
        const data = JSON.parse(frame.slice(frame.indexOf('data: ') + 6)) as { content: { text: string }[] };
        text += data.content.map((block) => block.text).join('');
      }
      if (frame.startsWith('event: session.status_idle')) {
        const ended_at = now();
        stream.destroy();
        return { text, first_text_at: first, ended_at };
      }
    }
  }
  throw new Error('The stream ended before the turn did');
}

function check(reply: string, ticket: number): void {
  const said = (JSON.parse(reply) as { team: string }).team;
  if (said !== verdict(ticket).said) throw new Error(`Ticket ${ticket} got the reply of another: ${reply}`);
}
