import { inPlainWords } from '../alias/release-server.ts';
import { withServer } from '../open-server.ts';
import { type FollowOptions, followEvidence, requireSomebody } from './follow-evidence.ts';
import { changePromotion } from './promotion-calls.ts';

export type EvaluateOptions = FollowOptions & { readonly version?: number; readonly eval?: string };

/**
 * Puts a promotion on what there is now, follows its evidence, and ends with the gate's verdict.
 * @throws CommandError, ConfigError, InterruptedError
 */
export async function evaluatePromotion(id: string, options: EvaluateOptions): Promise<void> {
  await withServer(options, async (server) => {
    requireSomebody(server, options);
    const since = Date.now();
    const { version, eval: named } = options;
    const work = async (): Promise<void> => {
      const body = { version, eval: named };
      const promotion = await changePromotion(server, id, { verb: 'evaluate', body });
      await followEvidence(server, promotion, { ...options, since });
    };
    await inPlainWords(work());
  });
}
