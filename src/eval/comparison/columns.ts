import type { PairedTable } from '../../stats/mcnemar.ts';
import type { Sample } from '../../stats/sample.ts';
import { isRight, type Observed } from './observed.ts';
import type { Pair } from './pairing.ts';

/** The cases of a row as columns for statistics, and what these may assume. */
export type Columns = {
  readonly observed: readonly Observed[];
  /** Absent when every case stands alone. */
  readonly clusters: readonly string[] | undefined;
  /** Absent when every case weighs the same. */
  readonly weights: readonly number[] | undefined;
  /** Clusters, or else cases. */
  readonly units: number;
  /** Units in which the score of some case differs. */
  readonly differing: number;
  /** Independent cases of one weight, each right or wrong in its one epoch: counting is all there is to do. */
  readonly countable: boolean;
};

/** Lays the cases of a row out. */
export function columnsOf(observed: readonly Observed[]): Columns {
  const weights = observed.map(({ pair }) => pair.candidate.weight);
  const even = weights.every((weight) => weight === weights[0]);
  const units = unitsOf(observed);
  return {
    observed,
    ...units,
    weights: even ? undefined : weights,
    countable: units.clusters === undefined && even && observed.every(isBinary),
  };
}

function unitsOf(observed: readonly Observed[]): Pick<Columns, 'clusters' | 'units' | 'differing'> {
  const differing = observed.filter(({ damage }) => damage !== 0);
  const alone = { clusters: undefined, units: observed.length, differing: differing.length };
  if (observed.every(({ pair }) => pair.candidate.cluster === null)) return alone;
  const clusters = observed.map(({ pair }) => unitOf(pair));
  const units = new Set(clusters).size;
  if (units === observed.length) return alone;
  return { clusters, units, differing: new Set(differing.map(({ pair }) => unitOf(pair))).size };
}

/** A column as a sample. */
export function sampleOf(
  { observed, clusters, weights }: Columns,
  pick: (entry: Observed) => number,
): Sample {
  return { values: observed.map(pick), clusters, weights };
}

/** Cases by what both sides made of them. */
export function tableOf(observed: readonly Observed[]): PairedTable {
  const table = { both_right: 0, harmful: 0, beneficial: 0, both_wrong: 0 };
  for (const { baseline, candidate } of observed) {
    if (isRight(baseline)) table[isRight(candidate) ? 'both_right' : 'harmful'] += 1;
    else table[isRight(candidate) ? 'beneficial' : 'both_wrong'] += 1;
  }
  return table;
}

/** The name of a case's unit of randomness: its cluster, or else itself. */
export function unitOf({ candidate }: Pair): string {
  // Two kinds of names, so that a cluster is not taken for a case of the same name.
  return candidate.cluster === null ? `case ${candidate.case_id}` : `cluster ${candidate.cluster}`;
}

function isBinary({ baseline, candidate }: Observed): boolean {
  return [baseline, candidate].every(({ values, mean }) => values.length === 1 && (mean === 0 || mean === 1));
}
