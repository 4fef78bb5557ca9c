import Anthropic from '@anthropic-ai/sdk';
import { RefusedError, type ServerAccess, saidIn, unreachable } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { sdkClient } from '../sdk-client.ts';
import { type AgentFields, agentFields, creationOf, updateOf } from './agent-fields.ts';
import type { Fields } from './fields.ts';

/** An agent at one version, as a server has it. */
export type ServerAgent = {
  readonly id: string;
  readonly version: number;
  readonly archived_at: string | null;
  /** When its latest version was made, or when it was archived. */
  readonly updated_at: string;
  /** Who made this version; null where the server does not say. */
  readonly author: string | null;
  /** What they said about it; null where the server does not say. */
  readonly message: string | null;
  readonly fields: AgentFields;
};

/**
 * The part of a Managed Agents API that agent files need. Everything goes through the official SDK and nothing is our
 * own but one header, so that a hosted API will do as well.
 */
export type AgentsApi = {
  /** The server, for complaints. */
  readonly url: string;
  /** An agent at a version, or at its latest for null. Null when the server has none. @throws CommandError */
  retrieve(id: string, version: number | null): Promise<ServerAgent | null>;
  /** All agents that are not archived, each at its latest version. @throws CommandError */
  list(): Promise<readonly ServerAgent[]>;
  /** Makes an agent. `message` says why, null nothing. @throws CommandError */
  create(fields: AgentFields, message: string | null): Promise<ServerAgent>;
  /**
   * Makes the version after `before`, or gives that back when nothing changes.
   * @throws RefusedError with status 409 when `before` is not the latest version, CommandError
   */
  update(before: ServerAgent, fields: AgentFields, message: string | null): Promise<ServerAgent>;
};

type Answer = Anthropic.Beta.BetaManagedAgentsAgent;
type Sdk = Anthropic['beta']['agents'];

const patience = { timeout: 30_000, maxRetries: 2 };
const mostAgents = 10_000;

/** The agents of a server. Requests that only read end with the signal of the access. */
export function openAgentsApi(access: ServerAccess): AgentsApi {
  const { agents } = sdkClient(access, patience).beta;
  const reading = access.signal === undefined ? {} : { signal: access.signal };
  // A request that was answered too late must not be made twice; the next command finds what became of it.
  const writing = (message: string | null) => ({
    maxRetries: 0,
    ...(message === null ? {} : { headers: { 'pawl-message': encodeURIComponent(message.toWellFormed()) } }),
  });
  const ask = async <T>(request: Promise<T>): Promise<T> =>
    request.catch((error: unknown) => {
      throw explained(error, access);
    });
  return {
    url: access.url,
    async retrieve(id, version) {
      const query = version === null ? {} : { version };
      try {
        return serverAgent(await ask(agents.retrieve(id, query, reading)));
      } catch (error) {
        if (error instanceof RefusedError && error.status === 404) return null;
        throw error;
      }
    },
    async list() {
      return ask(listAll(agents, reading));
    },
    async create(fields, message) {
      const body = bodyOf<Parameters<Sdk['create']>[0]>(creationOf(fields));
      return serverAgent(await ask(agents.create(body, writing(message))));
    },
    async update(before, fields, message) {
      const body = bodyOf<Parameters<Sdk['update']>[1]>(updateOf(fields, before));
      return serverAgent(await ask(agents.update(before.id, body, writing(message))));
    },
  };
}

async function listAll(agents: Sdk, options: { signal?: AbortSignal }): Promise<ServerAgent[]> {
  const all: ServerAgent[] = [];
  for await (const answer of agents.list({ limit: 100 }, options)) {
    all.push(serverAgent(answer));
    if (all.length > mostAgents) {
      throw new CommandError(
        `The server has more than ${mostAgents} agents, too many to look for one by its name`,
      );
    }
  }
  return all;
}

/** What users write into a file is for the server to check. */
function bodyOf<T>(fields: Fields): T {
  return fields as T;
}

function serverAgent(answer: Answer): ServerAgent {
  const { id, version, archived_at, updated_at } = answer;
  const { pawl } = answer as { pawl?: { author?: unknown; message?: unknown } };
  const said = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
  return {
    ...{ id, version, archived_at, updated_at },
    ...{ author: said(pawl?.author), message: said(pawl?.message), fields: agentFields({ ...answer }) },
  };
}

function explained(error: unknown, { url, key_from, ...access }: ServerAccess): unknown {
  if (error instanceof Anthropic.APIConnectionError) return unreachable({ url, key_from, ...access }, error);
  if (!(error instanceof Anthropic.APIError) || error.status === undefined) return error;
  const { status } = error;
  const { message, code } = saidIn(error.error);
  if (status === 401) {
    const whose = key_from === null ? 'it was sent none' : `it does not know the one from ${key_from}`;
    const missing = `The server at ${url} asks for an API key, and ${whose}; set PAWL_KEY`;
    return new RefusedError(missing, { status, code });
  }
  const stranger = `The server at ${url} answered with status ${status}, and not as a Managed Agents API does`;
  return new RefusedError(message ?? stranger, { status, code });
}
