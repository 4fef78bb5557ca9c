import type { PromotionResponse } from '../../api/promotions.ts';
import type { ReviewDecision } from '../../core/release.ts';
import { type ReleaseOptions, withReleases } from '../alias/release-server.ts';
import type { OpenServer } from '../open-server.ts';
import { print, printJson } from '../output.ts';
import { applied } from './apply.ts';
import { basisLookedAt } from './basis.ts';
import { printStanding } from './follow-evidence.ts';
import { changePromotion, retrievePromotion } from './promotion-calls.ts';

/** What a reviewer says. */
export type Said = { readonly decision: ReviewDecision; readonly comment: string | undefined };

export type ReviewOptions = ReleaseOptions & {
  /** The basis that was looked at; absent takes the one there is. */
  readonly basis?: string;
  readonly apply?: true;
};

/**
 * Says something about a promotion, about the basis that was looked at. Ends with 1 when the server refuses.
 * @throws CommandError, ConfigError
 */
export async function reviewPromotion(id: string, said: Said, options: ReviewOptions): Promise<void> {
  await withReleases(options, async (server) => {
    const reviewed = await review(server, id, said, options.basis);
    const { output, url } = options;
    if (options.apply !== true) {
      if (output === 'json') printJson(reviewed);
      else await printStanding(server, reviewed, { output, url, report: null });
      return;
    }
    if (output === 'table') print(`${id} is approved by you.`);
    const done = await changePromotion(server, id, { verb: 'apply', body: {} });
    if (output === 'json') printJson(done);
    else print(applied(done, url));
  });
}

async function review(
  server: OpenServer,
  id: string,
  { decision, comment }: Said,
  basis: string | undefined,
): Promise<PromotionResponse> {
  const basis_hash =
    decision === 'comment' ? undefined : basisLookedAt(await retrievePromotion(server, id), basis);
  return changePromotion(server, id, { verb: 'reviews', body: { decision, comment, basis_hash } });
}
