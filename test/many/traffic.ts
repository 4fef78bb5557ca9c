import { openRows } from '../database-rows.ts';
import { type ModelServer, startModelServer } from '../model-server.ts';
import { sdk, testKey } from '../pawl.ts';
import { openSession } from '../story.ts';
import { makeArmedSetting } from '../tool-story.ts';
import { type Balancer, startBalancer } from './balancer.ts';
import { converseOn } from './conversation.ts';
import { type Member, type MemberOptions, startMember } from './member.ts';
import { conversationProblems, databaseProblems } from './proof.ts';

export type Place = { readonly data_dir: string } | { readonly database_url: string };

export type TrafficOptions = {
  readonly place: Place;
  readonly processes: number;
  readonly sessions: number;
  /** How long the model takes to answer. */
  readonly modelMs?: number;
  readonly member?: Partial<MemberOptions>;
};

/** The processes that share a database while users talk to them. */
export type Fleet = {
  /** Those that are there now. */
  members(): readonly Member[];
  /** Starts another process. Rejects when it does not come up. */
  add(options?: Partial<MemberOptions>): Promise<Member>;
  /** Takes a process out, in the way that is given, which must end it. */
  take<T>(member: Member, end: (member: Member) => Promise<T>): Promise<T>;
  /** Notes that something is wrong. */
  complain(what: unknown): void;
  readonly balancer: Balancer;
};

/** What was seen. */
export type Figures = {
  readonly turns: number;
  readonly events: number;
  readonly streams: number;
  readonly asked_of_model: number;
  readonly seconds: number;
  readonly problems: readonly string[];
};

/** A model that calls two tools at each message, and is done when it has their answers. */
async function startCallingModel(): Promise<ModelServer & { readonly asked: () => number }> {
  const calls = [
    { name: 'look_up', input: { id: 1 } },
    { name: 'clock', input: {} },
  ];
  let asked = 0;
  const model = await startModelServer({
    reply({ messages }) {
      asked++;
      return messages.at(-1)?.results.length ? 'Done.' : { text: 'Looking.', calls };
    },
  });
  return { ...model, asked: () => asked };
}

/**
 * Users talk to sessions whose agent calls their tools, through whichever process is there, while the processes are disturbed.
 * Then everything has to be as if nothing had been: every session at rest, every event there once and in order, every stream a
 * stretch of that, nothing lost that was acknowledged.
 */
export async function underTraffic(
  options: TrafficOptions,
  disturb: (fleet: Fleet) => Promise<void>,
): Promise<Figures> {
  const { place, processes, sessions, modelMs = 40 } = options;
  const began = performance.now();
  const model = await startCallingModel();
  const balancer = await startBalancer(Math.random);
  const fleet = createFleet(balancer, { ...place, anthropic_base_url: `${model.url}/l/${modelMs}` }, options);
  try {
    // The first one makes the tables.
    await fleet.add();
    await Promise.all(Array.from({ length: processes - 1 }, () => fleet.add()));
    const client = sdk(balancer.url, testKey, { maxRetries: 4 });
    const setting = await makeArmedSetting(client);
    let isOver = false;
    const opened = await Promise.all(Array.from({ length: sessions }, () => openSession(client, setting)));
    const talks = opened.map(({ id }) => converseOn(client, id, () => isOver));
    const all = Promise.all(talks);
    all.catch(() => {});
    await disturb(fleet);
    isOver = true;
    const conversations = await all;
    const clients = fleet.members().map((member) => member.client);
    const problems = [...fleet.complaints, ...(await conversationProblems(conversations, clients))];
    await Promise.all(conversations.map(({ follower }) => follower.stop()));
    const rows = await openRows(place);
    problems.push(...(await databaseProblems(rows, 'database_url' in place)));
    const [counted] = await rows.query('select count(*) as events from events');
    await rows.close();
    return {
      turns: sum(conversations, ({ said }) => said.length),
      events: Number(counted?.['events']),
      streams: sum(conversations, ({ follower }) => follower.stretches.length),
      asked_of_model: model.asked(),
      seconds: Math.round((performance.now() - began) / 1000),
      problems,
    };
  } catch (error) {
    throw new Error([String(error), ...fleet.complaints].join('\n'), { cause: error });
  } finally {
    await Promise.all(fleet.members().map((member) => member.kill()));
    await balancer.close();
    await model.close();
  }
}

function createFleet(
  balancer: Balancer,
  settings: MemberOptions['settings'],
  { member: usual = {} }: TrafficOptions,
): Fleet & { readonly complaints: readonly string[] } {
  const members = new Set<Member>();
  const complaints: string[] = [];
  return {
    ...{ balancer, complaints },
    members: () => [...members],
    async add(options = {}) {
      const own = { ...settings, ...usual.settings, ...options.settings };
      const member = await startMember({ ...usual, ...options, settings: own });
      members.add(member);
      balancer.add(member.url);
      return member;
    },
    async take(member, end) {
      if (!member.alive()) complaints.push(`a process ended by itself: ${member.complaints().slice(-2000)}`);
      members.delete(member);
      // Until then, connections find out by themselves that it takes none.
      return end(member).finally(() => balancer.remove(member.url));
    },
    complain: (what) => void complaints.push(String(what)),
  };
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
