/** Evidence against a claim that is looked at again and again. */
export type EProcess = {
  /**
   * ln M. M is what a stake of 1 against the claim has grown to in a game that is fair while the claim is true; so the
   * chance that it ever reaches 1/α is α at most (Ville 1939).
   */
  readonly log_m: number;
  /** The smallest 1/M of all looks, and 1 at most: a p-value at every look, also at one chosen for what it shows. */
  readonly p: number;
};

/** What is known before anything was seen. */
export const noEvidence: EProcess = { log_m: 0, p: 1 };

/** The same evidence after another look, at which ln M has come to `log_m`. */
export function atNextLook({ p }: EProcess, log_m: number): EProcess {
  return { log_m, p: Math.min(p, Math.exp(-log_m)) };
}
