import { counted, percent, points } from '../core/quantities.ts';
import { seenDamage } from './comparison/outlook.ts';

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
