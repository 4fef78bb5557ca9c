import { numberAt } from './number-at.ts';
import { type Random, randomBelow } from './random.ts';
import { requireThat } from './requirements.ts';
import { type Sample, sum, type Units } from './sample.ts';

/** The scores that one item got in its trials under both versions, at least one under each. */
export type DamageItem = {
  readonly baseline: readonly number[];
  readonly candidate: readonly number[];
  /** The name of the item's cluster. Either all items have one, or none: then each stands for itself. */
  readonly cluster?: string | undefined;
  /** How much the item counts, above 0. Absent: 1. */
  readonly weight?: number | undefined;
};

/** Items laid out for drawing, in the order of their units. Lists lie one after the other; `starts` has an end more. */
export type Layout = {
  /** Where the items of each unit start. */
  readonly itemStarts: Int32Array;
  readonly weights: Float64Array;
  /** The baseline of item i is list 2i, its candidate list 2i + 1. */
  readonly scores: Float64Array;
  readonly scoreStarts: Int32Array;
  /** For each unit, all the damages that one draw can give, equally likely. Empty where the trials are drawn. */
  readonly outcomes: Float64Array;
  readonly outcomeStarts: Int32Array;
  /** About how many random numbers a resample takes. */
  readonly draws: number;
};

/** Room for 350 items with three trials under each version, in a table that processors keep close. */
const mostOutcomes = 2 ** 18;

/**
 * The damage of each item: its mean baseline score less its mean candidate score, positive when the candidate is
 * worse.
 * @throws PawlError `invalid_request` when an item has no scores, or only some items have a cluster.
 */
export function damageSample(items: readonly DamageItem[]): Sample {
  const clustered = items[0]?.cluster !== undefined;
  items.forEach(({ baseline, candidate, cluster }, i) => {
    requireThat(baseline.length > 0, `items.${i}.baseline: must hold at least one score`);
    requireThat(candidate.length > 0, `items.${i}.candidate: must hold at least one score`);
    requireThat(
      (cluster !== undefined) === clustered,
      `items.${i}.cluster: must be given for all items or none`,
    );
  });
  return {
    values: items.map(({ baseline, candidate }) => average(baseline) - average(candidate)),
    weights: items.map(({ weight = 1 }) => weight),
    clusters: clustered ? items.map(({ cluster = '' }) => cluster) : undefined,
  };
}

/**
 * Lays out items for drawing. Where the trials of a unit can be drawn again in few enough ways, all of these are
 * listed, so that a single random number takes the place of one for the item and one for each trial.
 */
export function layOut(items: readonly DamageItem[], { unitOf, count }: Units): Layout {
  const units = [...Map.groupBy(items, (_, i) => numberAt(unitOf, i)).values()];
  const ordered = units.flat();
  const lists = ordered.flatMap(({ baseline, candidate }) => [baseline, candidate]);
  let room = mostOutcomes;
  let draws = count;
  const outcomes = units.map((unit) => {
    const ways = outcomeCount(unit);
    if (ways > room) {
      draws += sum(unit.map(({ baseline, candidate }) => 1 + baseline.length + candidate.length));
      return [];
    }
    room -= ways;
    draws += unit.length;
    return unit.flatMap(outcomesOf);
  });
  return {
    itemStarts: startsOf(units),
    weights: Float64Array.from(ordered, ({ weight = 1 }) => weight),
    scores: Float64Array.from(lists.flat()),
    scoreStarts: startsOf(lists),
    outcomes: Float64Array.from(outcomes.flat()),
    outcomeStarts: startsOf(outcomes),
    draws,
  };
}

/** The mean damage of one resample: units drawn, then items within them, then trials within these. */
export function resampledDamage(layout: Layout, random: Random): number {
  const { itemStarts, weights, outcomes, outcomeStarts } = layout;
  const units = itemStarts.length - 1;
  let total = 0;
  let weight = 0;
  for (let u = 0; u < units; u += 1) {
    const unit = randomBelow(random, units);
    const from = entry(itemStarts, unit);
    const size = entry(itemStarts, unit + 1) - from;
    const firstOutcome = entry(outcomeStarts, unit);
    const ways = entry(outcomeStarts, unit + 1) - firstOutcome;
    for (let i = 0; i < size; i += 1) {
      const item = ways > 0 ? from : from + randomBelow(random, size);
      const share = entry(weights, item);
      const damage =
        ways > 0
          ? entry(outcomes, firstOutcome + randomBelow(random, ways))
          : drawDamage(layout, item, random);
      total += share * damage;
      weight += share;
    }
  }
  return total / weight;
}

function drawDamage(layout: Layout, item: number, random: Random): number {
  return drawMean(layout, 2 * item, random) - drawMean(layout, 2 * item + 1, random);
}

function drawMean({ scores, scoreStarts }: Layout, list: number, random: Random): number {
  const from = entry(scoreStarts, list);
  const size = entry(scoreStarts, list + 1) - from;
  let total = 0;
  for (let k = 0; k < size; k += 1) total += entry(scores, from + randomBelow(random, size));
  return total / size;
}

/** What lies at a place that is known to be there; in the innermost loops, a fallback would cost as much again. */
function entry(column: Float64Array | Int32Array, place: number): number {
  return column[place] as number;
}

/** How long the list of a unit's outcomes would be; infinite where its items are not drawn alike. */
function outcomeCount(unit: readonly DamageItem[]): number {
  const ways = unit.map(
    ({ baseline, candidate }) => baseline.length ** baseline.length * candidate.length ** candidate.length,
  );
  const weights = unit.map(({ weight = 1 }) => weight);
  return new Set(ways).size === 1 && new Set(weights).size === 1 ? sum(ways) : Infinity;
}

function outcomesOf({ baseline, candidate }: DamageItem): number[] {
  const means = redrawnMeans(candidate);
  return redrawnMeans(baseline).flatMap((base) => means.map((mean) => base - mean));
}

/** The means of all the ways in which a list can be drawn again, which are equally likely. */
function redrawnMeans(scores: readonly number[]): number[] {
  let sums = [0];
  for (let k = 0; k < scores.length; k += 1)
    sums = sums.flatMap((base) => scores.map((score) => base + score));
  return sums.map((total) => total / scores.length);
}

function startsOf(lists: readonly (readonly unknown[])[]): Int32Array {
  const starts = new Int32Array(lists.length + 1);
  lists.forEach((list, i) => {
    starts[i + 1] = numberAt(starts, i) + list.length;
  });
  return starts;
}

function average(scores: readonly number[]): number {
  return sum(scores) / scores.length;
}
