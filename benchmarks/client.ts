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

/** The agent of sessions, as their creation names it, and their environment. */
export type Place = { readonly agent: unknown; readonly environment: string };

/** Makes what a case needs once: an agent and an environment. The floor needs nothing. */
export async function prepare(subject: Subject, client: Client): Promise<Place> {
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
  place: Place,
  ticket: number,
): Promise<CaseTimes> {
  const began = now();
  const conversation = await open(subject, client, place);
  const { ttft, ended_at } = await conversation.say(ticket);
  conversation.close();
  return { ticket, total: ended_at - began, ttft, ended_at };
}

/** What one turn took. All times in ms. */
export type TurnTimes = {
  /** From sending the message until the server had it on disk. */
  readonly accepted: number;
  /** From sending it to the first text. */
  readonly ttft: number;
  /** When the end of the turn was seen, by the wall clock. */
  readonly ended_at: number;
};

/** A session that is spoken with. `say` runs a turn, and throws when anything is not as it should be. */
export type Conversation = {
  readonly id: string;
  say(ticket: number): Promise<TurnTimes>;
  close(): void;
};

/**
 * Creates a session, whose events are read from one connection for as long as it is open. Calls of custom tools are
 * answered. On the floor a model is told all that was said before only with `history`.
 */
export function open(
  subject: Subject,
  client: Client,
  place: Place,
  { history = false, fields = {} }: { readonly history?: boolean; readonly fields?: object } = {},
): Promise<Conversation> {
  return subject.name === 'floor' ? openOnFloor(client, history) : openSession(client, place, fields);
}

async function openSession(client: Client, place: Place, fields: object): Promise<Conversation> {
  const session = await client.json('POST', '/v1/sessions', {
    agent: place.agent,
    environment_id: place.environment,
    ...fields,
  });
  const path = `/v1/sessions/${session['id']}/events`;
  const stream = await client.open('GET', `${path}/stream`);
  const frames = framesOf(stream);

  return {
    id: String(session['id']),
    async say(ticket) {
      const sent = now();
      let accepted = 0;
      const message = { type: 'user.message', content: [{ type: 'text', text: `ticket ${ticket}` }] };
      const sending = client.json('POST', path, { events: [message] }).then(() => {
        accepted = now() - sent;
      });
      let seen = await readTurn(frames);
      await sending;
      while (seen.calls.length > 0) {
        const answers = seen.calls.map((id) => ({ ...answer, custom_tool_use_id: id }));
        const answering = client.json('POST', path, { events: answers });
        seen = await readTurn(frames);
        await answering;
      }
      check(seen.text, ticket);
      return { accepted, ttft: seen.first_text_at - sent, ended_at: seen.ended_at };
    },
    close: () => void stream.destroy(),
  };
}

const answer = { type: 'user.custom_tool_result', content: [{ type: 'text', text: 'Nothing is known.' }] };

async function openOnFloor(client: Client, history: boolean): Promise<Conversation> {
  const session = await client.json('POST', '/sessions', {});
  return {
    id: String(session['id']),
    async say(ticket) {
      const sent = now();
      const text = `ticket ${ticket}`;
      const reply = await client.json('POST', `/sessions/${session['id']}/turn`, { text, history });
      const ended_at = now();
      check(String(reply['text']), ticket);
      return { accepted: ended_at - sent, ttft: ended_at - sent, ended_at };
    },
    close() {},
  };
}

/** The frames of a stream of events, one after the other. */
async function* framesOf(stream: IncomingMessage): AsyncGenerator<string> {
  let buffer = '';
  for await (const chunk of stream) {
    buffer += chunk;
    const frames = buffer.split('\n\n');
    buffer = frames.pop() ?? '';
    yield* frames;
  }
}

/** Reads a stream until the session is idle. `calls` are those that it then waits for. */
async function readTurn(
  frames: AsyncIterator<string>,
): Promise<{ text: string; first_text_at: number; ended_at: number; calls: readonly string[] }> {
  let text = '';
  let first = 0;
  for (;;) {
    const { value: frame, done } = await frames.next();
    if (done === true) throw new Error('The stream ended before the turn did');
    if (frame.startsWith('event: agent.message')) {
      first = now();
      const { content } = dataOf(frame) as { content: { text: string }[] };
      text += content.map((block) => block.text).join('');
    }
    if (!frame.startsWith('event: session.status_idle')) continue;
    const ended_at = now();
    const waits = frame.includes('requires_action');
    const calls = waits ? (dataOf(frame) as Waiting).stop_reason.event_ids : [];
    return { text, first_text_at: first, ended_at, calls };
  }
}

type Waiting = { readonly stop_reason: { readonly event_ids: readonly string[] } };

const dataOf = (frame: string): unknown => JSON.parse(frame.slice(frame.indexOf('data: ') + 6));

function check(reply: string, ticket: number): void {
  const said = (JSON.parse(reply) as { team: string }).team;
  if (said !== verdict(ticket).said) throw new Error(`Ticket ${ticket} got the reply of another: ${reply}`);
}
