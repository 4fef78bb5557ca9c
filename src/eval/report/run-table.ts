import { type Paint, plain, short } from '../../core/plain-text.ts';
import { counted } from '../../core/quantities.ts';
import { canSee } from '../can-see.ts';
import { defaultGate } from '../gate.ts';
import type { EvalRun } from '../result.ts';
import type { RunReport, WrongCase } from '../run-report.ts';
import { aligned } from './plain-text.ts';
import { limitsOf, pointsOrNothing, resultOf, scopeName } from './wording.ts';

/** So many cases fit on a screen; the rest is counted. */
const mostLines = 20;

/** The longest answer in a column. */
const answerWidth = 32;

/** One run for a terminal: what it scored in each group, what is wrong, and what it took. */
export function runTable(report: RunReport, paint: Paint): string {
  const sections = [
    [`${paint.bold(runTitle(report.run))}  ${runState(report.run)}`],
    scoreLines(report, paint),
    wrongLines(report, paint),
    unscoredLines(report, paint),
    costLines(report.run).map((line) => paint.dim(line)),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** What was run: `ticket-triage v1 on tickets@73d71649`. */
export function runTitle({ plan, agent_id, agent_version, recorded }: EvalRun): string {
  const dataset = plan === null ? '' : ` on ${plain(plan.dataset.name)}@${plan.dataset.hash.slice(0, 8)}`;
  return `${plain(plan?.agent_name ?? agent_id)} v${agent_version}${dataset}${recorded === null ? '' : ', as recorded'}`;
}

/** Where the run stands: `completed, 20 of 20`. */
export function runState({ status, counts, error }: EvalRun): string {
  const why = error === null ? '' : `: ${plain(error)}`;
  return `${status}, ${counts.done} of ${counts.total} done${why}`;
}

function scoreLines({ rows }: RunReport, paint: Paint): string[] {
  const several = new Set(rows.map(({ metric }) => metric)).size > 1;
  const heading = [...(several ? ['METRIC'] : []), 'SCOPE', 'RIGHT', 'MEAN', '95 % INTERVAL'];
  const cells = rows.map((row) => [
    ...(several ? [plain(row.metric)] : []),
    scopeName(row),
    resultOf(row, row),
    pointsOrNothing(row.mean),
    limitsOf(row.interval),
  ]);
  if (cells.length === 0) return [];
  return aligned([
    heading.map((text) => ({ text, paint: paint.dim })),
    ...cells.map((row) => row.map((text) => ({ text }))),
  ]);
}

function wrongLines({ wrong }: RunReport, paint: Paint): string[] {
  if (wrong.total === 0) return [];
  const heading = ['WRONG', 'GROUP', 'EXPECTED', 'BECAUSE'].map((text) => ({ text, paint: paint.dim }));
  const lines = wrong.shown
    .slice(0, mostLines)
    .map((one) => [
      { text: plain(one.case_id) },
      { text: plain(one.group ?? '') },
      { text: short(one.target, answerWidth) },
      { text: short(becauseOf(one), 2 * answerWidth) },
    ]);
  return [...aligned([heading, ...lines]), ...more(wrong.total - mostLines, paint)];
}

/** Why a case is wrong, as short as it can be told. */
export function becauseOf({ reason, reply, passes, epochs }: WrongCase): string {
  const share = epochs > 1 ? ` (right in ${passes} of ${epochs} epochs)` : '';
  return `${reason ?? `it said ${reply}`}${share}`;
}

function unscoredLines({ unscored }: RunReport, paint: Paint): string[] {
  if (unscored.total === 0) return [];
  return [
    paint.yellow(`${counted(unscored.total, 'case')} without a score, and so neither right nor wrong:`),
    ...unscored.shown.slice(0, mostLines).map((one) => `  ${plain(one.case_id)}: ${short(one.reason, 160)}`),
    ...more(unscored.total - mostLines, paint),
  ];
}

function more(count: number, paint: Paint): string[] {
  return count > 0 ? [paint.dim(`and ${counted(count, 'more case')}`)] : [];
}

/** What a run took, and what it could see. */
export function costLines({ counts, id, epochs }: EvalRun): string[] {
  const { usage, cost_usd, reused, errors } = counts;
  const tokens =
    usage.input_tokens + usage.output_tokens + usage.cache_read_tokens + usage.cache_write_tokens;
  const price = cost_usd === null ? 'at a price that is not known' : `for $${cost_usd.toFixed(4)}`;
  const served = Object.keys(counts.served_by).map(plain).join(', ');
  return [
    `${id}: ${tokens} tokens ${price}${served === '' ? '' : `, answered by ${served}`}; ${reused} reused, ${errors} broken`,
    `${canSee({ cases: Math.round(counts.total / epochs), epochs, confidence: defaultGate.confidence }).text}.`,
  ];
}
