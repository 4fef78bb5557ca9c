import { countBelow, countUpTo } from './first-where.ts';
import { twoSidedP } from './interval.ts';
import { numberAt } from './number-at.ts';
import { createRandom, type Random, randomWord } from './random.ts';
import { requireNumber } from './requirements.ts';
import { type Sample, sum, unitsOf } from './sample.ts';

/** The answers of a sign-flip test. */
export type SignFlip = {
  /** p of "damages lie around the margin" against "above it". Small: worse than tolerated. */
  readonly p_worse: number;
  /** p of the same against "below it". Small: the damage is tolerable. */
  readonly p_within: number;
  readonly p_two_sided: number;
  /** Whether all 2^units flips were counted, rather than a number of random ones. */
  readonly exact: boolean;
  /** How many flips the p-values rest on. */
  readonly flips: number;
  /** Clusters, or else items. */
  readonly units: number;
};

/** Up to so many units, all flips are counted. */
const mostExact = 20;
const mostFlips = 10_000;
const fewestFlips = 1000;
/** Bounds the work to a few tenths of a second. */
const mostSigns = 1e8;
/** Signs that are drawn at a time. */
const block = 4;

/**
 * The sign-flip test of Fisher (1935, The Design of Experiments, section 21): were damages as likely to lie above
 * the margin as below, how often would their sum be as far off? All items of a cluster flip together. Exact for up to
 * 20 units; else p = (1 + as extreme) / (R + 1) over R = 10 000 random flips, or fewer, down to 1000, when there are
 * more than 10 000 units. Null without items.
 * @throws PawlError `invalid_request`
 */
export function signFlip(
  sample: Sample,
  { margin, seed }: { readonly margin: number; readonly seed: number },
): SignFlip | null {
  requireNumber('margin', margin);
  const random = createRandom(seed);
  const { totals, weights, count } = unitsOf(sample);
  if (count === 0) return null;
  // Sums of the same numbers in another order differ in their last digits; those count as equal.
  const slack =
    1e-10 *
    (sum(sample.values.map((value, i) => Math.abs(value) * (sample.weights?.[i] ?? 1))) +
      Math.abs(margin) * sum(weights));
  const distances = totals.map((total, u) => total - margin * numberAt(weights, u));
  const exact = count <= mostExact;
  const tails = exact ? countAll(distances, slack) : countSome(distances, { slack, random });
  return { ...tails, p_two_sided: twoSidedP(tails), exact, units: count };
}

type Tails = Pick<SignFlip, 'p_worse' | 'p_within' | 'flips'>;

/** Counts all flips by halves: the flips of the second half are sorted, and searched for each flip of the first. */
function countAll(distances: Float64Array, slack: number): Tails {
  const middle = distances.length >> 1;
  const first = allSums(distances.subarray(0, middle));
  const second = allSums(distances.subarray(middle)).sort();
  const flips = first.length * second.length;
  const observed = sum(distances);
  let high = 0;
  let low = 0;
  for (const one of first) {
    high += second.length - countBelow(second, observed - slack - one);
    low += countUpTo(second, observed + slack - one);
  }
  return { p_worse: high / flips, p_within: low / flips, flips };
}

/** Counts random flips. The sums of every four units are laid out, one for each way to flip them. */
function countSome(
  distances: Float64Array,
  { slack, random }: { readonly slack: number; readonly random: Random },
): Tails {
  const flips = Math.max(fewestFlips, Math.min(mostFlips, Math.floor(mostSigns / distances.length)));
  const observed = sum(distances);
  const padded = new Float64Array(Math.ceil(distances.length / block) * block);
  padded.set(distances);
  const sums = new Float64Array((padded.length / block) * 2 ** block);
  for (let u = 0; u < padded.length; u += block) {
    sums.set(allSums(padded.subarray(u, u + block)), (u / block) * 2 ** block);
  }
  let high = 1;
  let low = 1;
  for (let flip = 0; flip < flips; flip += 1) {
    const total = randomSum(sums, random);
    if (total >= observed - slack) high += 1;
    if (total <= observed + slack) low += 1;
  }
  return { p_worse: high / (flips + 1), p_within: low / (flips + 1), flips };
}

function randomSum(sums: Float64Array, random: Random): number {
  let total = 0;
  let signs = 0;
  const ways = 2 ** block;
  for (let at = 0; at < sums.length; at += ways) {
    // A word has signs for eight blocks.
    signs = at % (8 * ways) === 0 ? randomWord(random) : signs >>> block;
    total += numberAt(sums, at + (signs & (ways - 1)));
  }
  return total;
}

function allSums(distances: Float64Array): Float64Array {
  let sums = [0];
  for (const distance of distances) sums = sums.flatMap((base) => [base + distance, base - distance]);
  return Float64Array.from(sums);
}
