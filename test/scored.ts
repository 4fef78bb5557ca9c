import type { Json } from '../src/core/evaluation.ts';
import type { Case } from '../src/eval/case.ts';
import type { Outcome, Score, Scored, Scorer, ToolCall } from '../src/eval/score.ts';
import type { ScorerContext } from '../src/eval/scorers/context.ts';
import { createScorer, scorerConfig } from '../src/eval/scorers/scorers.ts';

/** A case with nothing in it but what is given. */
export function caseWith(given: Partial<Case> = {}): Case {
  return {
    id: 'case-1',
    input: 'Where is my parcel?',
    target: null,
    group: null,
    cluster: null,
    weight: 1,
    must_pass: false,
    split: null,
    fields: {},
    ...given,
  };
}

/** An outcome in which everything that is not given is ordinary. */
export function outcomeWith(given: Partial<Outcome> = {}): Outcome {
  return {
    session_id: 'sesn_1',
    reply: '',
    tool_calls: [],
    latency_ms: 1200,
    usage: { input_tokens: 100, output_tokens: 20, cache_read_tokens: 30, cache_write_tokens: 4 },
    cost_usd: 0.002,
    served_by: 'offline/offline',
    ...given,
  };
}

export type GivenScored = {
  readonly target?: Json;
  readonly reply?: string;
  /** What was read; the reply unless it is given. */
  readonly value?: Json;
  /** Why nothing was read. */
  readonly failed?: string;
  readonly tool_calls?: readonly ToolCall[];
  readonly outcome?: Partial<Outcome>;
};

/** What a scorer sees. */
export function scoredWith(given: GivenScored): Scored {
  const { target = null, reply = '', value = reply, failed, tool_calls = [] } = given;
  return {
    case: caseWith({ target }),
    outcome: outcomeWith({ reply, tool_calls, ...given.outcome }),
    reading: failed === undefined ? { ok: true, value } : { ok: false, reason: failed },
  };
}

const noJudges: ScorerContext['judges'] = {
  agent: () => Promise.reject(new Error('There is no judge')),
  ask: () => Promise.reject(new Error('There is no judge')),
};

/** A server that allows its scorers nothing. */
export const noContext: ScorerContext = {
  ...{ modules_folder: null, http_prefixes: [], timeout_ms: 20_000 },
  ...{ judges: noJudges, eval_name: 'triage' },
};

/** Makes a scorer of settings as they are written in a file. */
export function scorerOf(settings: unknown, context: ScorerContext = noContext): Promise<Scorer> {
  return createScorer(scorerConfig.parse(settings), context);
}

/** What a scorer with these settings says. */
export async function scoreOf(settings: unknown, given: GivenScored): Promise<Score> {
  const scorer = await scorerOf(settings);
  return scorer.score(scoredWith(given), new AbortController().signal);
}

/** The value alone. */
export async function valueGiven(settings: unknown, given: GivenScored): Promise<number | null> {
  return (await scoreOf(settings, given)).value;
}

/** What is wrong with settings, each as `path: message`; empty where nothing is. */
export function complaints(settings: unknown): string[] {
  const issues = scorerConfig.safeParse(settings).error?.issues ?? [];
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}
