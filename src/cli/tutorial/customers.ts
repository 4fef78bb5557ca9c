import { setTimeout as wait } from 'node:timers/promises';
import { CommandError } from '../command-error.ts';
import { post, type Stage, type StoryOptions } from './stage.ts';
import type { Served } from './step.ts';

/** What a customer writes. */
export type LiveTicket = {
  readonly subject: string;
  readonly body: string;
  /** Who solves it in the end, which nobody knows when it comes in. */
  readonly team: string;
};

/** Customers who write to production, one after the other. */
export type Customers = {
  /** What they got so far, by version. */
  served(): Served;
  /** Tickets that a version sent to the wrong team, each as often as it was sent. */
  misrouted(version: number): readonly LiveTicket[];
  /** Whether the last of them was answered, or one could not be. */
  isOver(): boolean;
  /** Lets nobody else write, and waits for those who have. Rejects with what went wrong with one of them. */
  stop(): Promise<void>;
};

/** Never more than these write, however long it takes. */
const mostCustomers = 1200;
const sideBySide = 8;
/** Without a factor in common with the number of tickets, this makes neighbours differ in their teams. */
const stride = 7;

/**
 * Lets customers write to `agent_…@production`, each once and each with a targeting key, and posts a score `routed` for
 * each session: 1 when the right team got it, 0 when not.
 */
export function letCustomersWrite(
  options: StoryOptions,
  stage: Stage,
  tickets: readonly LiveTicket[],
): Customers {
  const answered: { readonly version: number; readonly ticket: LiveTicket; readonly right: boolean }[] = [];
  const pause = options.customers_per_second === null ? 0 : 1000 / options.customers_per_second;
  const began = performance.now();
  let next = 0;
  let stopped = false;
  let over = false;

  async function write(): Promise<void> {
    while (next < mostCustomers) {
      const number = next++;
      const ahead = began + number * pause - performance.now();
      if (ahead > 0) await wait(ahead, undefined, { signal: options.signal });
      if (stopped) return;
      const ticket = tickets[(number * stride) % tickets.length];
      if (ticket === undefined) throw new Error('The customers have nothing to write');
      answered.push({ ticket, ...(await serveCustomer(options, stage, { number, ticket })) });
    }
  }

  async function writeOrStop(): Promise<void> {
    try {
      await write();
    } finally {
      stopped = true;
    }
  }

  // All are waited for, so that no session is opened behind the back of whoever cleans up.
  const work = Promise.allSettled(Array.from({ length: sideBySide }, writeOrStop)).then((ends) => {
    over = true;
    return ends.find((end) => end.status === 'rejected');
  });
  return {
    served() {
      const versions = [...new Set(answered.map(({ version }) => version))].sort((a, b) => a - b);
      return versions.map((version) => {
        const own = answered.filter((one) => one.version === version);
        return { version, customers: own.length, wrong: own.filter(({ right }) => !right).length };
      });
    },
    misrouted: (version) =>
      answered.filter((one) => one.version === version && !one.right).map(({ ticket }) => ticket),
    isOver: () => over,
    async stop() {
      stopped = true;
      const failure = await work;
      if (failure !== undefined) throw failure.reason as Error;
    },
  };
}

/** What an application does for one customer. */
async function serveCustomer(
  options: StoryOptions,
  { agent_id, environment_id }: Stage,
  { number, ticket }: { readonly number: number; readonly ticket: LiveTicket },
): Promise<{ version: number; right: boolean }> {
  const { signal } = options;
  const { sessions } = options.client.beta;
  const opened = {
    ...{ agent: `${agent_id}@production`, environment_id },
    metadata: { targeting_key: `customer-${number}` },
  };
  // What is being opened when the user stops the command has to be known, to be put away.
  const session = await sessions.create(opened);
  const content = [{ type: 'text' as const, text: `Subject: ${ticket.subject}\n\n${ticket.body}` }];
  await sessions.events.send(session.id, { events: [{ type: 'user.message', content }] }, { signal });
  const right = teamIn(await replyIn(options, session.id)) === ticket.team;
  await sessions.archive(session.id, null, { signal });
  await post(options, `sessions/${session.id}/scores`, { name: 'routed', value: right, agent_id });
  return { version: session.agent.version, right };
}

const lookEveryMs = 20;
const mostLooks = 1500;

/** What the agent said, once its turn is over. @throws CommandError when that takes more than half a minute */
async function replyIn({ client, signal }: StoryOptions, sessionId: string): Promise<string> {
  for (let look = 0; look < mostLooks; look++) {
    await wait(lookEveryMs, undefined, { signal });
    const { data } = await client.beta.sessions.events.list(sessionId, {}, { signal });
    if (data.at(-1)?.type !== 'session.status_idle') continue;
    const said = data.flatMap((event) => (event.type === 'agent.message' ? event.content : []));
    return said.map((block) => ('text' in block ? block.text : '')).join('');
  }
  throw new CommandError(`Session ${sessionId} has not answered its customer`);
}

/** A reply that cannot be read reaches no team. */
function teamIn(reply: string): unknown {
  try {
    return (JSON.parse(reply) as { team?: unknown }).team;
  } catch {
    return null;
  }
}
