import { usualEpochs } from '../core/evaluation.ts';
import { counted, percent, points } from '../core/quantities.ts';
import { seenDamage } from './comparison/outlook.ts';
import type { DatasetRevision } from './dataset/revision.ts';
import { defaultGate } from './gate.ts';

/** What a suite of this size could show, before anything is run. */
export type Sight = {
  /** The smallest true damage that would be told from none 4 times out of 5; null when none would be. */
  readonly damage: number | null;
  /** The same in a sentence, with what it assumes. */
  readonly text: string;
};

/** A suite that has not been run. */
export type Suite = {
  readonly cases: number;
  readonly epochs: number;
  /** Two-sided level of the gate's interval. */
  readonly confidence: number;
  /** The chance that two answers of one version to the same case are scored differently, 0 to 1; 0.1 unless stated. */
  readonly flake_rate?: number;
};

/**
 * Says what a suite can see. Two epochs of a case that differ with chance f have a variance of f/2 each, so that the
 * difference of two means over K epochs has f/K.
 */
export function canSee({ cases, epochs, confidence, flake_rate = 0.1 }: Suite): Sight {
  const damage = seenDamage({ cases, noise: flake_rate / epochs, level: confidence });
  const suite = `${counted(cases, 'case')} in ${counted(epochs, 'epoch')}`;
  const assumption = `if ${percent(flake_rate)} of repeated answers are scored differently`;
  const text =
    damage === null
      ? `${suite} cannot tell any loss from chance, ${assumption}`
      : `${suite} can see a loss of ${points(damage)} points or more 4 times out of 5, ${assumption}`;
  return { damage, text };
}

/** What the cases of a dataset could show: all together, and those of each group. */
export type DatasetSight = Sight & {
  readonly cases: number;
  readonly epochs: number;
  /** The first ones, in the order of the dataset; null is the group of cases without one. */
  readonly groups: readonly {
    readonly group: string | null;
    readonly cases: number;
    readonly damage: number | null;
  }[];
};

const mostGroups = 100;

/** Says what a comparison on a revision could see, by a gate that asks for nothing unusual. */
export function datasetSight(
  { cases, summary }: Pick<DatasetRevision, 'cases' | 'summary'>,
  epochs: number = usualEpochs(cases),
): DatasetSight {
  const { confidence } = defaultGate;
  const groups = summary.groups.slice(0, mostGroups).map((one) => {
    const { damage } = canSee({ cases: one.cases, epochs, confidence });
    return { group: one.group, cases: one.cases, damage };
  });
  return { ...canSee({ cases, epochs, confidence }), cases, epochs, groups };
}
