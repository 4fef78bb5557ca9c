import { expect } from 'vitest';
import type { AliasMoveResponse, AliasResponse, RollbackResponse } from '../../src/api/aliases.ts';
import type { PromotionListed, PromotionResponse } from '../../src/api/promotions.ts';
import { all, ask, type Place } from '../evals/eval-story.ts';
import { sdk } from '../pawl.ts';
import { say } from '../story.ts';
import { aliasOf, type Measured, type People, pathOf, untilJudged } from './release-story.ts';

/** What was acknowledged to whoever tells a tale, and has to be there for ever. */
export type Acknowledged = {
  readonly moves: Pick<AliasMoveResponse, 'move' | 'kind' | 'to_version'>[];
  /** By the id of the promotion: how it may stand, and reviews that it has. */
  readonly promotions: Map<
    string,
    { readonly statuses: readonly string[]; readonly reviews: readonly string[] }
  >;
  readonly sessions: string[];
};

/** The releases of one agent, one after the other, by clients that go on from whatever they find. */
export type Tale = {
  readonly agent_id: string;
  readonly acknowledged: Acknowledged;
  /** How many requests there were, answered or not; those that only wait for a verdict do not count. */
  readonly requests: () => number;
  /** Goes on until a request fails, and rejects with that. */
  goOn(people: People): Promise<never>;
  /** Goes on until another promotion has been applied and rolled back. */
  toItsEnd(people: People): Promise<void>;
};

const afterwards: Readonly<Record<string, readonly string[]>> = {
  in_review: ['in_review', 'approved', 'rejected', 'completed', 'rolled_back'],
  approved: ['approved', 'completed', 'rolled_back'],
  completed: ['completed', 'rolled_back'],
};

/**
 * Begins a tale: a new version is asked for, measured, approved and applied, or every third one rejected; sessions are
 * opened on it and begin a turn; then it is rolled back, and the alias is let go for the next.
 */
export function createTale(
  { agent_id, eval: named }: Measured,
  { environment_id, sessions }: { readonly environment_id: string; readonly sessions: number },
): Tale {
  const acknowledged: Acknowledged = { moves: [], promotions: new Map(), sessions: [] };
  let requests = 0;
  let rollbacks = 0;

  function post<T>(place: Place, path: string, body: object): Promise<T> {
    requests++;
    return ask<T>(place, path, body);
  }

  function remember({ id, status, reviews }: PromotionResponse): void {
    const statuses = afterwards[status] ?? [status];
    acknowledged.promotions.set(id, { statuses, reviews: reviews.map((review) => review.id) });
  }

  const clientOf = ({ url, key }: Place) => sdk(url, key, { maxRetries: 0 }).beta;

  /** Asks for the next version. Every second one behaves as the one before, so that nothing has to be measured. */
  async function begin({ author }: People): Promise<void> {
    const { agents } = clientOf(author);
    requests++;
    const { version, system } = await agents.retrieve(agent_id);
    requests++;
    const next = await agents.update(agent_id, {
      ...{ version, metadata: { number: String(version + 1) } },
      system: version % 2 === 0 ? (system ?? '') : `Number ${version + 1}`,
    });
    remember(await post(author, '/promotions', { agent_id, version: next.version, eval: named }));
  }

  async function decide(people: People, { id, status, candidate_version }: PromotionListed): Promise<void> {
    const judged = await untilJudged(people.author, id);
    expect(judged.evidence?.verdict).toBe('pass');
    const review = `/promotions/${id}/reviews`;
    if (candidate_version % 3 === 0) {
      remember(await post(people.second, review, { decision: 'reject', comment: 'Every third one.' }));
      return;
    }
    if (status === 'in_review') remember(await post(people.reviewer, review, { decision: 'approve' }));
    const applied = await post<PromotionResponse>(people.releaser, `/promotions/${id}/apply`, {});
    expect(applied.status).toBe('completed');
    remember(applied);
    acknowledged.moves.push({ move: applied.move ?? 0, kind: 'promotion', to_version: candidate_version });
  }

  /** Lets sessions begin turns on the version that serves, and takes it back under them. */
  async function regret({ author, releaser }: People): Promise<void> {
    const client = clientOf(author).sessions;
    const opening = Array.from({ length: sessions }, async () => {
      requests++;
      const { id } = await client.create({ agent: `${agent_id}@production`, environment_id });
      acknowledged.sessions.push(id);
      requests++;
      await client.events.send(id, { events: [say('Take your time')] });
    });
    for (const end of await Promise.allSettled(opening)) if (end.status === 'rejected') throw end.reason;
    const path = `${pathOf(agent_id)}/rollback`;
    const { alias } = await post<RollbackResponse>(releaser, path, { running: 'interrupt' });
    rollbacks++;
    acknowledged.moves.push({ move: alias.move, kind: 'rollback', to_version: alias.version });
  }

  async function step(people: People): Promise<void> {
    requests++;
    const { hold, version } = await aliasOf(people.author, agent_id);
    if (hold !== null)
      return void (await post<AliasResponse>(people.releaser, `${pathOf(agent_id)}/release`, {}));
    if (version !== 1) return regret(people);
    requests++;
    const promotions = await all<PromotionListed>(
      people.author,
      `/promotions?agent_id=${agent_id}&limit=100`,
    );
    const open = promotions.find(({ ended_at }) => ended_at === null);
    return open === undefined ? begin(people) : decide(people, open);
  }

  return {
    ...{ agent_id, acknowledged, requests: () => requests },
    async goOn(people) {
      for (;;) await step(people);
    },
    async toItsEnd(people) {
      const enough = rollbacks + 1;
      while (rollbacks < enough) await step(people);
    },
  };
}
