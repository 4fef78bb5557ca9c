import type { Score, Scored, Scorer } from './score.ts';
import { firstLine, scoreFrom, unscored } from './score-values.ts';

/** How long each scorer may take, and what stops them all before that. */
export type ScoringLimits = { readonly timeout_ms: number; readonly signal: AbortSignal };

/**
 * What each scorer says, by its name; they all look at the same time. Never rejects: a scorer that throws, is not done
 * in time, is stopped, or gives what is no score leaves the case unscored, and the reason says so.
 */
export async function scoreAll(
  scorers: readonly Scorer[],
  scored: Scored,
  limits: ScoringLimits,
): Promise<Record<string, Score>> {
  const scores = scorers.map(
    async (scorer) => [scorer.name, await scoreOne(scorer, scored, limits)] as const,
  );
  return Object.fromEntries(await Promise.all(scores));
}

async function scoreOne(
  scorer: Scorer,
  scored: Scored,
  { timeout_ms, signal }: ScoringLimits,
): Promise<Score> {
  if (signal.aborted) return unscored('the scorer was stopped');
  const own = new AbortController();
  const ending = Promise.withResolvers<Score>();
  const end = (reason: string): void => {
    ending.resolve(unscored(reason));
    own.abort();
  };
  const late = setTimeout(() => end(`the scorer did not answer within ${timeout_ms} ms`), timeout_ms);
  const stop = (): void => end('the scorer was stopped');
  signal.addEventListener('abort', stop, { once: true });
  try {
    const given = await Promise.race([ending.promise, scorer.score(scored, own.signal)]);
    return checked(given, scorer.binary);
  } catch (error) {
    return unscored(`the scorer threw: ${firstLine(error)}`);
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', stop);
  }
}

/** The score if it is one, whoever gave it; what it cost stays with it either way. */
function checked(given: Score, binary: boolean): Score {
  const score = scoreFrom(given);
  const isBetween = score.value !== null && score.value > 0 && score.value < 1;
  const held =
    binary && isBetween
      ? unscored(`the scorer gave ${score.value}, but it is binary: it may give only 0 and 1`)
      : score;
  // What is no score at all may be nothing at all.
  const cost_usd = (given as Score | null | undefined)?.cost_usd;
  return cost_usd === undefined ? held : { ...held, cost_usd };
}
