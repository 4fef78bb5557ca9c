import type { PromotionResponse } from '../../api/promotions.ts';
import { plain } from '../../core/plain-text.ts';
import { type ReleaseOptions, withReleases } from '../alias/release-server.ts';
import { print, printJson } from '../output.ts';
import { typed } from '../typed.ts';
import { changePromotion } from './promotion-calls.ts';

type EndOptions = ReleaseOptions & { readonly reason?: string };

/** Carries a promotion out. Ends with 1 when it lacks something. @throws CommandError, ConfigError */
export async function applyPromotion(id: string, options: EndOptions): Promise<void> {
  const { reason, output, url } = options;
  await withReleases(options, async (server) => {
    const promotion = await changePromotion(server, id, { verb: 'apply', body: { reason } });
    if (output === 'json') return printJson(promotion);
    print(applied(promotion, url));
  });
}

/** Takes a promotion back. @throws CommandError, ConfigError */
export async function withdrawPromotion(id: string, options: EndOptions): Promise<void> {
  await withReleases(options, async (server) => {
    const promotion = await changePromotion(server, id, {
      verb: 'withdraw',
      body: { reason: options.reason },
    });
    if (options.output === 'json') return printJson(promotion);
    print(plain(`${id} is withdrawn.`));
  });
}

/** What to say once the alias has moved. */
export function applied(
  { alias, agent_id, basis, candidate_version }: PromotionResponse,
  url?: string,
): string {
  const back = typed(['rollback', agent_id, ...(alias === 'production' ? [] : ['--alias', alias])], url);
  return plain(
    `${alias} of ${agent_id}: version ${basis.baseline_version} → ${candidate_version}, at once for the next session. ${back} takes it back.`,
  );
}
