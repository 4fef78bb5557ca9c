import { expect } from 'vitest';
import type { AliasMoveResponse, AliasResponse } from '../../src/api/aliases.ts';
import type { PromotionListed, PromotionResponse } from '../../src/api/promotions.ts';
import type { Role } from '../../src/core/roles.ts';
import { plainCases } from '../evals/counted-model.ts';
import { all, ask, type Place, putDataset, putEval } from '../evals/eval-story.ts';
import { sdk } from '../pawl.ts';
import { eventually } from '../story.ts';

/*
 * The steps that tests of races and crashes are made of, over plain HTTP: people with keys of their own, an agent whose
 * versions have to pass an eval, and promotions up to the point where they can be applied.
 */

/** Who takes part: each is the server with a key of that person's own. */
export type People = {
  readonly admin: Place;
  readonly author: Place;
  readonly reviewer: Place;
  readonly second: Place;
  readonly releaser: Place;
};

const patienceMs = 60_000;

/** Makes a key, and gives the server as whoever has it sees it. */
export async function newPerson(
  admin: Place,
  name: string,
  role: Role,
): Promise<Place & { readonly id: string }> {
  const made = await ask<{ id: string; secret: string }>(admin, '/keys', { name, role });
  return { url: admin.url, key: made.secret, id: made.id };
}

export async function newPeople(admin: Place): Promise<People> {
  return {
    admin,
    author: await newPerson(admin, 'Ann', 'editor'),
    reviewer: await newPerson(admin, 'Bob', 'reviewer'),
    second: await newPerson(admin, 'Cleo', 'reviewer'),
    releaser: await newPerson(admin, 'Dan', 'releaser'),
  };
}

/** The same people, on a server that has moved. */
export function peopleAt(people: People, url: string): People {
  const { admin, author, reviewer, second, releaser } = people;
  const at = <T extends object>(place: T) => ({ ...place, url });
  return {
    ...{ admin: at(admin), author: at(author), reviewer: at(reviewer) },
    ...{ second: at(second), releaser: at(releaser) },
  };
}

/** An agent that an eval measures. */
export type Measured = { readonly agent_id: string; readonly eval: string };

/** An agent with so many versions, all equally good, and an eval of so many cases that they pass. */
export async function newMeasured(
  { author }: People,
  { name, versions, cases }: { readonly name: string; readonly versions: number; readonly cases: number },
): Promise<Measured> {
  const { agents } = sdk(author.url, author.key).beta;
  const { id } = await agents.create({ name, model: 'claude-test', system: `${name} 1` });
  for (let n = 2; n <= versions; n++) await agents.update(id, { version: n - 1, system: `${name} ${n}` });
  await putDataset(author, name, plainCases(cases, name));
  await putEval(author, { name, agent: id, dataset: name, gate: { max_lost_cases: 0 } });
  return { agent_id: id, eval: name };
}

export function pathOf(agentId: string, alias = 'production'): string {
  return `/agents/${agentId}/aliases/${alias}`;
}

export function aliasOf(place: Place, agentId: string, alias?: string): Promise<AliasResponse> {
  return ask(place, pathOf(agentId, alias));
}

/** The history of an alias, oldest first. */
export async function movesOf(place: Place, agentId: string, alias?: string): Promise<AliasMoveResponse[]> {
  const moves = await all<AliasMoveResponse>(place, `${pathOf(agentId, alias)}/moves?limit=100`);
  return moves.toSorted((a, b) => a.move - b.move);
}

/** Asks for a promotion, and waits until the gate has spoken. */
export async function evaluated(
  { author }: People,
  { agent_id, eval: named }: Measured,
  version: number,
): Promise<PromotionResponse> {
  const asked = await ask<PromotionResponse>(author, '/promotions', { agent_id, version, eval: named });
  return untilJudged(author, asked.id);
}

/** Waits until the gate has spoken of a promotion. */
export function untilJudged(place: Place, id: string): Promise<PromotionResponse> {
  return eventually(
    `the verdict on ${id}`,
    async () => {
      const promotion = await ask<PromotionResponse>(place, `/promotions/${id}`);
      expect(promotion.evidence?.error ?? null).toBeNull();
      return promotion.evidence?.verdict == null ? null : promotion;
    },
    patienceMs,
  );
}

/** A promotion that one reviewer has approved, and that can be applied unless its alias asks for more. */
export async function approved(
  people: People,
  measured: Measured,
  version: number,
): Promise<PromotionResponse> {
  const { id, evidence, basis_hash } = await evaluated(people, measured, version);
  expect(evidence?.verdict).toBe('pass');
  return ask(people.reviewer, `/promotions/${id}/reviews`, { decision: 'approve', basis_hash });
}

/** Withdraws whatever is open for an agent. */
export async function withdrawAll({ admin }: People, agentId: string): Promise<void> {
  const promotions = await all<PromotionListed>(admin, `/promotions?agent_id=${agentId}&limit=100`);
  for (const { id, ended_at } of promotions) {
    if (ended_at === null) await ask(admin, `/promotions/${id}/withdraw`, {});
  }
}
