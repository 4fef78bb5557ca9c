import { numberAt } from './number-at.ts';
import { requireNumber, requireThat } from './requirements.ts';

/** Looks that were planned beforehand, each after as many new items as the others. */
export type LookPlan = {
  /** 1 to 20. */
  readonly looks: number;
  /** The chance of a false alarm at any of the looks, two-sided: from 1e-6 to 0.5. */
  readonly alpha: number;
};

/** The sizes that z has to reach at each look. */
export type LookBounds = {
  readonly constant: number;
  readonly bounds: readonly number[];
};

const mostLooks = 20;

/**
 * The same bound at every look (Pocock 1977, Biometrika 64:191): 2.413 for five looks at 5 %.
 * @throws PawlError `invalid_request`
 */
export function pocockBounds(plan: LookPlan): LookBounds {
  return boundsOf(plan, () => 1);
}

/**
 * Bounds that fall with the square root of the look k, c·√(looks / k), so that hardly anything stops an early look
 * (O'Brien & Fleming 1979, Biometrics 35:549): c is 2.040 for five looks at 5 %.
 * @throws PawlError `invalid_request`
 */
export function obrienFlemingBounds(plan: LookPlan): LookBounds {
  return boundsOf(plan, (look) => Math.sqrt(plan.looks / look));
}

/**
 * For each look the chance that z was outside its bounds then or before, though there is no effect: the recursive
 * integration of Armitage, McPherson & Rowe 1969, J R Stat Soc A 132:235. With 1.96 at each of five looks it rises from
 * 0.05 to 0.142, which is what looking does to a test that is made for one look.
 * @param bounds 1 to 20 of them, each above 0 and at most 40.
 * @throws PawlError `invalid_request`
 */
export function crossingChances(bounds: readonly number[]): number[] {
  requireThat(
    bounds.length >= 1 && bounds.length <= mostLooks,
    `bounds: must have 1 to ${mostLooks} entries`,
  );
  for (const [i, bound] of bounds.entries()) requireNumber(`bounds.${i}`, bound, { above: 0, most: 40 });
  // The sum of all items so far is what z is made of, and what the next look goes on from: at first it is 0.
  let places: readonly number[] = [0];
  let masses: readonly number[] = [1];
  return bounds.map((bound, i) => {
    const limit = Math.min(bound, farthest) * Math.sqrt(i + 1);
    const next = nodes.places.map((place) => place * limit);
    const arriving = next.map((to) =>
      places.reduce((sum, from, j) => sum + step(to - from) * numberAt(masses, j), 0),
    );
    masses = arriving.map((density, j) => density * numberAt(nodes.weights, j) * limit);
    places = next;
    return 1 - masses.reduce((sum, mass) => sum + mass, 0);
  });
}

function boundsOf({ looks, alpha }: LookPlan, shapeAt: (look: number) => number): LookBounds {
  requireNumber('looks', looks, { least: 1, most: mostLooks, whole: true });
  requireNumber('alpha', alpha, { least: 1e-6, most: 0.5 });
  const shape = Array.from({ length: looks }, (_, i) => shapeAt(i + 1));
  let low = 0;
  let high = 8;
  for (let halving = 0; halving < 50; halving += 1) {
    const constant = (low + high) / 2;
    const chances = crossingChances(shape.map((one) => one * constant));
    if (numberAt(chances, looks - 1) > alpha) low = constant;
    else high = constant;
  }
  return { constant: high, bounds: shape.map((one) => one * high) };
}

/** The chance, per unit, of a step of this size from one look to the next. */
function step(size: number): number {
  return Math.exp(-(size ** 2) / 2) / Math.sqrt(2 * Math.PI);
}

/** Nothing is lost beyond: the chance is 6e-14. */
const farthest = 7.5;

/** Enough for twenty looks with any bounds: the error is some 1e-12. */
const nodes = gaussLegendre(128);

/** Where to look at a function between −1 and 1, and how much each look counts (Gauss 1814): roots of Legendre's Pₙ. */
function gaussLegendre(n: number): {
  readonly places: readonly number[];
  readonly weights: readonly number[];
} {
  const weights: number[] = [];
  const places = Array.from({ length: n }, (_, i) => {
    let place = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 1;
    // Newton's method doubles the digits with every step, and begins with several.
    for (let newton = 0; newton < 6; newton += 1) {
      let before = 0;
      let value = 1;
      for (let k = 1; k <= n; k += 1) {
        [before, value] = [value, ((2 * k - 1) * place * value - (k - 1) * before) / k];
      }
      slope = (n * (place * value - before)) / (place ** 2 - 1);
      place -= value / slope;
    }
    weights.push(2 / ((1 - place ** 2) * slope ** 2));
    return place;
  });
  return { places, weights };
}
