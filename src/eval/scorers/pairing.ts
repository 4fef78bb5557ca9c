/** For each expected thing the place of the given thing that it goes with; null where it goes with none. */
export type Pairing = readonly (number | null)[];

/** What is to be paired: `fits` tells whether the given thing at a place can go with the expected one at another. */
export type Pairable = {
  readonly expected: number;
  readonly given: number;
  readonly fits: (places: { readonly expected: number; readonly given: number }) => boolean;
};

/**
 * The most pairs that keep the order of both sides: a longest common subsequence, by dynamic programming (Wagner and
 * Fischer, Journal of the ACM 21, 1974).
 */
export function pairInOrder({ expected, given, fits }: Pairable): Pairing {
  // most[i][j]: how many pairs the expected things from i and the given ones from j can make.
  const most = Array.from({ length: expected + 1 }, () => new Uint32Array(given + 1));
  const at = (i: number, j: number): number => most[i]?.[j] ?? 0;
  for (let i = expected - 1; i >= 0; i--) {
    for (let j = given - 1; j >= 0; j--) {
      const without = Math.max(at(i + 1, j), at(i, j + 1));
      const value = fits({ expected: i, given: j }) ? Math.max(without, at(i + 1, j + 1) + 1) : without;
      most[i]?.set([value], j);
    }
  }
  const pairs = new Array<number | null>(expected).fill(null);
  for (let i = 0, j = 0; i < expected && j < given; ) {
    if (at(i, j) === at(i + 1, j)) i++;
    else if (at(i, j) === at(i, j + 1)) j++;
    else pairs[i++] = j++;
  }
  return pairs;
}

/** The most pairs in any order: a maximum matching, by augmenting paths (Kuhn, Naval Research Logistics 2, 1955). */
export function pairInAnyOrder({ expected, given, fits }: Pairable): Pairing {
  const takenBy = new Array<number | null>(given).fill(null);
  const take = (wanting: number, tried: Set<number>): boolean => {
    for (let place = 0; place < given; place++) {
      if (tried.has(place) || !fits({ expected: wanting, given: place })) continue;
      tried.add(place);
      const holder = takenBy[place] ?? null;
      if (holder !== null && !take(holder, tried)) continue;
      takenBy[place] = wanting;
      return true;
    }
    return false;
  };
  for (let wanting = 0; wanting < expected; wanting++) take(wanting, new Set());
  return Array.from({ length: expected }, (_, wanting) => {
    const place = takenBy.indexOf(wanting);
    return place === -1 ? null : place;
  });
}
