import { counted, points } from '../../core/quantities.ts';
import { oneSidedAlpha } from '../../stats/interval.ts';
import { estimateMean } from '../../stats/mean.ts';
import { normalQuantile } from '../../stats/normal.ts';
import { casesForMargin, flipPlanner } from '../../stats/power.ts';
import { varianceParts } from '../../stats/reliability.ts';
import type { Settle } from '../gate-report.ts';
import { type Columns, sampleOf } from './columns.ts';
import type { Outcomes } from './observed.ts';

/** How often a true damage is to be noticed, for it to count as one that can be seen. */
const power = 0.8;

/** Halvings that bring a share to within what anybody prints. */
const halvings = 40;

/**
 * The smallest damage that so many cases tell from none with 80 % power, if it comes as cases that are lost whole
 * (Connor 1987, Biometrics 43:207). `noise` is the variance of a case's difference without any damage, and counts
 * as cases that flip either way for no reason. Null when not even losing everything would be noticed.
 */
export function seenDamage(plan: {
  readonly cases: number;
  readonly noise: number;
  readonly level: number;
}): number | null {
  const casesFor = flipPlanner({ alpha: oneSidedAlpha(plan.level), power, sides: 1 });
  const idle = plan.noise / 2;
  const seen = (damage: number) => casesFor({ harm_rate: idle + damage, benefit_rate: idle }) <= plan.cases;
  let hidden = 0;
  // A little less than all, so that rounding does not make more of it.
  let plain = 1 - plan.noise - 1e-9;
  if (plain <= 0 || !seen(plain)) return null;
  for (let step = 0; step < halvings; step += 1) {
    const middle = (hidden + plain) / 2;
    if (seen(middle)) plain = middle;
    else hidden = middle;
  }
  return plain;
}

/** The variance of one case's difference, with what clusters and weights add to it; null for a single unit. */
export function noiseOf(columns: Columns): number | null {
  const estimate = estimateMean(sampleOf(columns, (entry) => entry.damage));
  return estimate.status === 'not_enough_data' ? null : estimate.se ** 2 * columns.observed.length;
}

/** Whether epochs of one case differ more than cases do. Unknown with one epoch, which is no. */
export function noisyWithin({ observed }: Columns, noise: number): boolean {
  const baseline = noiseWithin(observed.map((entry) => entry.baseline));
  const candidate = noiseWithin(observed.map((entry) => entry.candidate));
  return baseline + candidate > noise / 2;
}

/** What an inconclusive row has shown so far. */
export type Unsettled = {
  readonly cases: number;
  readonly damage: number;
  readonly noise: number;
  readonly margin: number;
  /** Whether the interval is within the margin already, and only cases are too few to be judged. */
  readonly within: boolean;
  readonly least_cases: number;
  readonly level: number;
  readonly more_epochs: boolean;
};

/** Says what would settle an inconclusive row. */
export function settleOf(row: Unsettled): Settle {
  const { margin, more_epochs } = row;
  const help = more_epochs ? ' Most of the noise is within cases, so that more epochs help as well.' : '';
  const needed = row.within ? 1 : casesNeeded(row);
  if (needed === null) {
    const text = `What was seen, ${points(row.damage)} points, is not within the ${points(margin)} that are tolerated: more cases may show a failure, and no number of them a pass, if things go on like this.`;
    return { cases: null, more_epochs, text: `${text}${help}` };
  }
  const cases = Math.max(rounded(needed), row.least_cases, row.cases + 1);
  const text = `About ${counted(cases, 'case')} would settle it, if things go on like this; there are ${row.cases}.`;
  return { cases, more_epochs, text: `${text}${help}` };
}

/** Up to two digits that mean something. */
function rounded(count: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1);
  return Math.ceil(count / step) * step;
}

function casesNeeded({ damage, noise, margin, level }: Unsettled): number | null {
  const room = margin - damage;
  if (room <= 0) return null;
  const deviation = Math.sqrt(noise);
  const spread =
    deviation === 0 ? 1 : casesForMargin({ deviation, expected_damage: damage, margin, level, power });
  // What nobody has seen, z² / (n + z²) as in Tango's limit after not one flip, has to have room as well.
  const z = normalQuantile(oneSidedAlpha(level));
  return Math.max(spread ?? 1, Math.ceil((z ** 2 * (1 - room)) / room));
}

/** The part of the variance of one side's case means that comes from their epochs. */
function noiseWithin(side: readonly Outcomes[]): number {
  const parts = varianceParts(side.map(({ values }) => values));
  if (parts === null) return 0;
  const epochs = side.reduce((sum, { values }) => sum + values.length, 0) / side.length;
  return parts.within_items / epochs;
}
