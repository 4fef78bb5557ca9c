import { readFileSync } from 'node:fs';
import type { PromotionResponse } from '../../src/api/promotions.ts';
import { firstPrompt, secondPrompt, thirdPrompt } from '../../src/cli/tutorial/prompts.ts';
import { bundledTickets } from '../../src/cli/tutorial/tickets.ts';
import { ask, putDataset, putEval } from '../evals/eval-story.ts';
import { sdk } from '../pawl.ts';
import { type People, pathOf, untilJudged } from './release-story.ts';

/** The tutorial's agent, dataset and eval: version 2 loses billing tickets, version 3 does not. */
export type Triage = { readonly agent_id: string; readonly environment_id: string; readonly eval: string };

/** Brings tickets under a name, those that version 2 loses among them; `extra` makes another revision of them. */
export async function bringTickets({ author }: People, extra: readonly object[] = []): Promise<void> {
  const tickets = readFileSync(bundledTickets, 'utf8').trim().split('\n').slice(0, 8);
  const cases = tickets.map((line) => {
    const { id, team, ...vars } = JSON.parse(line) as Record<string, string>;
    return { id, vars, target: team, group: team };
  });
  await putDataset(author, 'tickets', [...cases, ...extra]);
}

/** Makes all that promotions are measured with, and lets production stand for version 1. */
export async function newTriage(people: People): Promise<Triage> {
  const { agents, environments } = sdk(people.author.url, people.author.key).beta;
  const { id } = await agents.create({ name: 'ticket-triage', model: 'claude-test', system: firstPrompt });
  await agents.update(id, { version: 1, system: secondPrompt });
  await agents.update(id, { version: 2, system: thirdPrompt });
  const environment = await environments.create({ name: 'place' });
  await bringTickets(people);
  await putTriageEval(people, id, { max_lost_cases: 1 });
  await ask(people.releaser, pathOf(id), { version: 1, from: null });
  return { agent_id: id, environment_id: environment.id, eval: 'triage' };
}

/** Says how tickets are scored, and what the gate asks. */
export async function putTriageEval({ author }: People, agent: string, gate: object): Promise<void> {
  const message = 'Subject: {{subject}}\n\n{{body}}';
  await putEval(author, {
    name: 'triage',
    agent,
    dataset: 'tickets',
    message,
    reply: { json: 'team' },
    gate,
  });
}

/** Asks that production be moved to a version, and waits for the gate. */
export async function askFor(people: People, triage: Triage, version: number): Promise<PromotionResponse> {
  const { agent_id } = triage;
  const made = await ask<PromotionResponse>(people.author, '/promotions', {
    agent_id,
    version,
    eval: triage.eval,
  });
  return untilJudged(people.author, made.id);
}
