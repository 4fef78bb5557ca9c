import type { Json } from '../../core/evaluation.ts';
import type {
  Answer,
  Capped,
  CaseLine,
  CaseOutcome,
  FindFlips,
  Flip,
  FlipSide,
  FoundFlip,
  WantedFlip,
} from '../gate-report.ts';
import type { Score } from '../score.ts';
import {
  isFlaky,
  isGained,
  isLost,
  isRight,
  isWrong,
  type Observed,
  type Outcomes,
  passMark,
  scoresOf,
} from './observed.ts';
import { capped, mostShown, type Pair } from './pairing.ts';

/** The most cases that a report lists. */
const mostLines = 1_000;

/** In the order in which they are listed where there are too many. */
const outcomes: readonly CaseOutcome[] = ['lost', 'unscored', 'gained', 'wrong', 'mixed', 'right'];

/** The longest text that a report quotes. */
const longestQuote = 500;

/** The cases that turned by a metric, lost ones first and `must_pass` ones before others, with their replies. */
export async function flipsOf(
  observed: readonly Observed[],
  { metric, find }: { readonly metric: string | null; readonly find: FindFlips | undefined },
): Promise<Capped<Flip>> {
  if (metric === null) return { total: 0, shown: [] };
  const turned = [...mustPassFirst(observed.filter(isLost)), ...mustPassFirst(observed.filter(isGained))];
  const shown = turned.slice(0, mostShown).map((entry) => ({ entry, wanted: wantedOf(entry, metric) }));
  const found = shown.length === 0 ? [] : await find?.(shown.map(({ wanted }) => wanted));
  return {
    total: turned.length,
    shown: shown.map(({ entry, wanted }, i) => flipOf(entry, { metric, wanted, found: found?.[i] ?? null })),
  };
}

/** What became of each case by the metric that decides flips; `observed` are those that it scored on both sides. */
export function caseLines(pairs: readonly Pair[], observed: readonly Observed[]): Capped<CaseLine> {
  const scored = new Map(observed.map((entry) => [entry.pair, entry]));
  const lines = pairs.map((pair) => lineOf(pair, scored.get(pair)));
  if (lines.length <= mostLines) return { total: lines.length, shown: lines };
  const byOutcome = Map.groupBy(lines, ({ outcome }) => outcome);
  return capped(
    outcomes.flatMap((outcome) => byOutcome.get(outcome) ?? []),
    mostLines,
  );
}

/** Cases that are sometimes right and sometimes wrong on both sides. */
export function flakyOf(observed: readonly Observed[]): Capped<string> {
  const flaky = observed.filter(({ baseline, candidate }) => isFlaky(baseline) && isFlaky(candidate));
  return capped(flaky.map(({ pair }) => pair.candidate.case_id));
}

function lineOf({ candidate }: Pair, entry: Observed | undefined): CaseLine {
  const { case_id, group, must_pass } = candidate;
  return { case_id, group, must_pass, outcome: outcomeOf(entry) };
}

/** How a case came out; one that is not there has no score on some side. */
export function outcomeOf(entry: Observed | undefined): CaseOutcome {
  if (entry === undefined) return 'unscored';
  if (isLost(entry)) return 'lost';
  if (isGained(entry)) return 'gained';
  if (isWrong(entry.baseline) && isWrong(entry.candidate)) return 'wrong';
  return isRight(entry.baseline) && isRight(entry.candidate) ? 'right' : 'mixed';
}

function mustPassFirst(observed: readonly Observed[]): Observed[] {
  const [first = [], rest = []] = [true, false].map((tagged) =>
    observed.filter(({ pair }) => pair.candidate.must_pass === tagged),
  );
  return [...first, ...rest];
}

function wantedOf({ pair, baseline, candidate }: Observed, metric: string): WantedFlip {
  return {
    case_id: pair.candidate.case_id,
    baseline: typicalOf(scoresOf(pair.baseline, metric), baseline),
    candidate: typicalOf(scoresOf(pair.candidate, metric), candidate),
  };
}

/** The first outcome that is right where most are, or wrong where most are. */
function typicalOf(scores: readonly Score[], outcomes: Outcomes): number {
  const right = isRight(outcomes);
  return scores.findIndex(({ value }) => value !== null && value >= passMark === right);
}

type Known = { readonly metric: string; readonly wanted: WantedFlip; readonly found: FoundFlip | null };

function flipOf({ pair, baseline, candidate }: Observed, { metric, wanted, found }: Known): Flip {
  const { case_id, group, must_pass } = pair.candidate;
  const reasonOf = (side: 'baseline' | 'candidate') =>
    pair[side].scores[metric]?.[wanted[side]]?.reason ?? null;
  return {
    case_id,
    group,
    turned: isRight(baseline) ? 'lost' : 'gained',
    must_pass,
    input: found === null || found.input === null ? null : quoted(found.input),
    target: found === null ? null : jsonOf(found.target),
    baseline: sideOf(baseline, { reason: reasonOf('baseline'), answer: found?.baseline ?? null }),
    candidate: sideOf(candidate, { reason: reasonOf('candidate'), answer: found?.candidate ?? null }),
  };
}

function sideOf(
  { mean, passes, values }: Outcomes,
  { reason, answer }: { readonly reason: string | null; readonly answer: Answer | null },
): FlipSide {
  const why = answer?.reason ?? reason;
  return {
    value: mean,
    passes,
    epochs: values.length,
    reason: why === null ? null : quoted(why),
    reading: answer?.reading === undefined ? null : jsonOf(answer.reading),
    reply: answer === null ? null : quoted(answer.reply),
  };
}

function jsonOf(value: Json): string {
  return quoted(JSON.stringify(value));
}

/** A text in the length in which reports quote it. */
export function quoted(text: string): string {
  return text.length <= longestQuote ? text : `${text.slice(0, longestQuote - 1)}…`;
}
