import { setTimeout as wait } from 'node:timers/promises';
import type Anthropic from '@anthropic-ai/sdk';
import type { SessionExtras } from '../../api/wire/sessions.ts';
import { CommandError } from '../command-error.ts';
import type { Progress } from '../progress.ts';
import { firstPrompt, secondPrompt } from './prompts.ts';
import {
  compare,
  type Flip,
  findFlips,
  type ScoredTicket,
  scoreAll,
  type TeamComparison,
  type TeamScore,
  tally,
} from './score.ts';
import type { Ticket } from './tickets.ts';
import { type Bench, openSession, retire, triage } from './triage.ts';

/** Who answers for the model; null when the server does not say, as a hosted one. */
export type ServedBy = SessionExtras['served_by'];

export type TicketError = { readonly id: string; readonly why: string };

/** What the story has to tell, step by step. */
export type Step =
  | {
      readonly kind: 'created';
      readonly environment_id: string;
      readonly agent_id: string;
      readonly version: number;
      readonly model: string;
      readonly served_by: ServedBy;
    }
  | { readonly kind: 'loaded'; readonly tickets: number; readonly teams: readonly string[] }
  | {
      readonly kind: 'scored';
      readonly version: number;
      readonly teams: readonly TeamScore[];
      readonly errors: readonly TicketError[];
    }
  | {
      readonly kind: 'updated';
      readonly version: number;
      readonly previous: number;
      /** Whether the previous version still has the prompt that it was made with. */
      readonly previous_unchanged: boolean;
    }
  | {
      readonly kind: 'compared';
      readonly before: number;
      readonly after: number;
      readonly teams: readonly TeamComparison[];
      readonly flips: readonly Flip[];
    }
  | {
      readonly kind: 'rolled_back';
      readonly version: number;
      readonly teams: readonly TeamScore[];
      readonly errors: readonly TicketError[];
    }
  | {
      readonly kind: 'listed';
      readonly versions: readonly { version: number; created_at: string; prompt_characters: number }[];
    }
  | { readonly kind: 'archived'; readonly sessions: number; readonly left_open: number };

export type StoryOptions = {
  readonly client: Anthropic;
  readonly model: string;
  readonly tickets: readonly Ticket[];
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly progress: (label: string, total: number) => Progress;
};

/**
 * Makes an agent, measures it, makes it worse, shows where, and goes back. Whatever happens, what was made is
 * archived at the end, as far as the server lets us. Rejects when the server refuses something, when no ticket
 * at all can be scored, or with the signal's reason.
 */
export async function* tellStory(options: StoryOptions): AsyncGenerator<Step> {
  const { client, model, tickets, signal } = options;
  const environment = await client.beta.environments.create({ name: 'ticket-triage-env' }, { signal });
  let agentId: string | null = null;
  let archived = false;
  const open = new Set<string>();
  try {
    const agent = await client.beta.agents.create(
      { name: 'ticket-triage', model, system: firstPrompt },
      { signal },
    );
    agentId = agent.id;
    const bench = { client, agent_id: agent.id, environment_id: environment.id, signal, open_sessions: open };
    const served_by = await whoServes(bench, agent.version);
    yield {
      kind: 'created',
      environment_id: environment.id,
      agent_id: agent.id,
      version: agent.version,
      model,
      served_by,
    };
    const teams = [...new Set(tickets.map(({ team }) => team))].sort();
    yield { kind: 'loaded', tickets: tickets.length, teams };

    const first = await measure(options, bench, agent.version);
    yield { kind: 'scored', version: agent.version, teams: tally(first), errors: errorsIn(first) };
    const updated = await client.beta.agents.update(
      agent.id,
      { version: agent.version, system: secondPrompt },
      { signal },
    );
    const before = await client.beta.agents.retrieve(agent.id, { version: agent.version }, { signal });
    const previous_unchanged = before.version === agent.version && before.system === firstPrompt;
    yield { kind: 'updated', version: updated.version, previous: agent.version, previous_unchanged };

    const second = await measure(options, bench, updated.version);
    yield { kind: 'scored', version: updated.version, teams: tally(second), errors: errorsIn(second) };
    const compared = compare(first, second);
    yield {
      kind: 'compared',
      before: agent.version,
      after: updated.version,
      teams: compared,
      flips: findFlips(first, second),
    };

    const again = await measure(
      { ...options, tickets: worthAnotherLook(tickets, compared) },
      bench,
      agent.version,
    );
    yield { kind: 'rolled_back', version: agent.version, teams: tally(again), errors: errorsIn(again) };
    yield { kind: 'listed', versions: await listVersions(client, agent.id, signal) };
    await client.beta.agents.archive(agent.id, null, { signal });
    await client.beta.environments.archive(environment.id, null, { signal });
    archived = true;
    const sessions = first.length + second.length + again.length + 1;
    yield { kind: 'archived', sessions: sessions - open.size, left_open: open.size };
  } finally {
    if (!archived) await tidyUp({ client, agentId, environmentId: environment.id, open });
  }
}

/** Only a session can tell who would answer it, so one is opened and asked nothing. */
async function whoServes(bench: Bench, version: number): Promise<ServedBy> {
  const session = await openSession(bench, version);
  const { pawl } = session as { pawl?: SessionExtras };
  await retire(bench.client, session.id, bench.open_sessions);
  return pawl?.served_by ?? null;
}

async function measure(options: StoryOptions, bench: Bench, version: number): Promise<ScoredTicket[]> {
  const { tickets, concurrency } = options;
  const progress = options.progress(`Scoring version ${version}`, tickets.length);
  try {
    const scored = await scoreAll({
      tickets,
      concurrency,
      triage: (ticket) => triage(bench, version, ticket),
      onScored: progress.advance,
    });
    const errors = errorsIn(scored);
    if (errors[0] !== undefined && errors.length === scored.length) {
      throw new CommandError(`No ticket could be scored. The first one: ${errors[0].why}`);
    }
    return scored;
  } finally {
    progress.finish();
  }
}

function errorsIn(scored: readonly ScoredTicket[]): TicketError[] {
  return scored.flatMap(({ ticket, answer }) =>
    answer.kind === 'error' ? [{ id: ticket.id, why: answer.why }] : [],
  );
}

/** The tickets of the teams that regressed; where none did, those of the first team, so that there is something to see. */
function worthAnotherLook(tickets: readonly Ticket[], compared: readonly TeamComparison[]): Ticket[] {
  const regressed = compared.filter((team) => team.regressed).map(({ team }) => team);
  const teams: readonly string[] =
    regressed.length > 0 ? regressed : compared.slice(0, 1).map(({ team }) => team);
  return tickets.filter(({ team }) => teams.includes(team));
}

async function listVersions(
  client: Anthropic,
  agentId: string,
  signal: AbortSignal,
): Promise<{ version: number; created_at: string; prompt_characters: number }[]> {
  const versions = [];
  for await (const agent of client.beta.agents.versions.list(agentId, {}, { signal })) {
    versions.push({
      version: agent.version,
      created_at: agent.updated_at,
      prompt_characters: agent.system?.length ?? 0,
    });
  }
  return versions;
}

const tidyWithinMs = 3000;

/** Best effort and no more: the story is over, and its own error is the one to tell. */
async function tidyUp(made: {
  readonly client: Anthropic;
  readonly agentId: string | null;
  readonly environmentId: string;
  readonly open: Set<string>;
}): Promise<void> {
  const { client, agentId, environmentId, open } = made;
  const all = [
    ...[...open].map((id) => retire(client, id, open)),
    ...(agentId === null ? [] : [client.beta.agents.archive(agentId)]),
    client.beta.environments.archive(environmentId),
  ];
  await Promise.race([Promise.allSettled(all), wait(tidyWithinMs, undefined, { ref: false })]);
}
