import type { PromotionResponse } from '../../api/promotions.ts';
import { agentIdOf } from '../alias/agent-id.ts';
import { inPlainWords } from '../alias/release-server.ts';
import { RefusedError } from '../api-client.ts';
import { note } from '../eval/note.ts';
import { type OpenServer, withServer } from '../open-server.ts';
import { type FollowOptions, followEvidence, requireSomebody } from './follow-evidence.ts';
import { createPromotion } from './promotion-calls.ts';

export type PromoteOptions = FollowOptions & {
  readonly alias: string;
  readonly eval?: string;
  readonly comparison?: string;
  readonly reason?: string;
};

/**
 * Asks that an alias be moved to a version, follows the evidence, and ends with the gate's verdict.
 * @throws CommandError, ConfigError, InterruptedError
 */
export async function promote(agent: string, version: number, options: PromoteOptions): Promise<void> {
  await withServer(options, async (server) => {
    requireSomebody(server, options);
    const since = Date.now();
    const work = async (): Promise<void> => {
      const promotion = await ask(server, { agent_id: await agentIdOf(server, agent), version }, options);
      const { id, alias, agent_id, basis } = promotion;
      note(
        `${id} asks that ${alias} of ${agent_id} move from version ${basis.baseline_version} to version ${version}, by eval ${basis.eval_name}.`,
      );
      await followEvidence(server, promotion, { ...options, since });
    };
    await inPlainWords(work());
  });
}

async function ask(
  server: OpenServer,
  candidate: { readonly agent_id: string; readonly version: number },
  { alias, eval: named, comparison, reason }: PromoteOptions,
): Promise<PromotionResponse> {
  try {
    return await createPromotion(server, { ...candidate, alias, eval: named, comparison, reason });
  } catch (error) {
    if (!(error instanceof RefusedError)) {
      note('Whether the promotion was asked for is not known; `pawl promotion list` shows it if it was.');
    }
    throw error;
  }
}
