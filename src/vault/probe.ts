import type { Answer, Ask, Question } from './ask.ts';

/** How an MCP server took a token: it did its work, it turned the token away, or it cannot be told. */
export type Probed =
  | { readonly kind: 'accepted' }
  | {
      readonly kind: 'rejected' | 'unclear';
      /** The step that failed. */
      readonly method: string;
      /** Null when there was none. */
      readonly answer: Answer | null;
    };

type Target = { readonly url: string; readonly token: string };

const version = '2025-06-18';
const client = { name: 'pawl', version: '1' };

/**
 * Tries a token at an MCP server, without using any tool: `initialize`, and then `tools/list`, which some servers
 * guard while the first is open. Source: Model Context Protocol, revision 2025-06-18, "Transports" and "Lifecycle";
 * a server of the older transport, HTTP with SSE, is only connected to.
 */
export async function probe(ask: Ask, target: Target, signal: AbortSignal): Promise<Probed> {
  const call = (method: string, more: Partial<Message>, headers: Record<string, string> = {}) =>
    ask(questionOf(target, { jsonrpc: '2.0', method, ...more }, { headers, signal }));
  const params = { protocolVersion: version, capabilities: {}, clientInfo: client };
  const first = await call('initialize', { id: 1, params });
  if (first !== null && [400, 404, 405].includes(first.status)) return probeOlder(ask, target, signal);
  if (!isGood(first)) return failure('initialize', first);
  const session = first.headers['mcp-session-id'];
  const agreed = /"protocolVersion"\s*:\s*"([\w.-]{1,40})"/.exec(first.body)?.[1] ?? version;
  const headers = {
    'mcp-protocol-version': agreed,
    ...(session === undefined ? {} : { 'mcp-session-id': session }),
  };
  await call('notifications/initialized', {}, headers);
  const listed = await call('tools/list', { id: 2 }, headers);
  return isGood(listed) ? { kind: 'accepted' } : failure('tools/list', listed);
}

type Message = {
  readonly jsonrpc: '2.0';
  readonly method: string;
  readonly id: number;
  readonly params: object;
};

async function probeOlder(ask: Ask, target: Target, signal: AbortSignal): Promise<Probed> {
  const answer = await ask({
    ...{ method: 'GET', url: target.url, body: null, signal, enough: () => true },
    headers: { authorization: `Bearer ${target.token}`, accept: 'text/event-stream' },
  });
  const isStream = answer?.headers['content-type']?.startsWith('text/event-stream') === true;
  return isGood(answer) && isStream ? { kind: 'accepted' } : failure('initialize', answer);
}

function isGood(answer: Answer | null): answer is Answer {
  return answer !== null && answer.status >= 200 && answer.status < 300;
}

function failure(method: string, answer: Answer | null): Probed {
  const isRejected = answer !== null && [401, 403].includes(answer.status);
  return { kind: isRejected ? 'rejected' : 'unclear', method, answer };
}

function questionOf(
  { url, token }: Target,
  message: Partial<Message>,
  { headers, signal }: { readonly headers: Record<string, string>; readonly signal: AbortSignal },
): Question {
  return {
    ...{ method: 'POST', url, signal, body: JSON.stringify(message) },
    headers: {
      ...{ authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...{ accept: 'application/json, text/event-stream', ...headers },
    },
    // A stream may stay open after the answer that was asked for.
    enough: (text) => text.includes('"result"') || text.includes('"error"'),
  };
}
