import type { Json } from '../core/evaluation.ts';

/** A message of a chat that is a case's input. A system prompt belongs to the agent, not here. */
export type CaseMessage = { readonly role: 'user' | 'assistant'; readonly content: string };

/** An input, what is expected of it, and remarks: one line of a dataset. */
export type Case = {
  /** Unique within a dataset revision, and the same from revision to revision: pairing goes by it. */
  readonly id: string;
  /** Null when the eval's template makes the message out of `fields`. */
  readonly input: string | readonly CaseMessage[] | null;
  /** What is expected; null when nothing is stated. */
  readonly target: Json;
  /** The part of the dataset that it is reported under; null for none. */
  readonly group: string | null;
  /** Cases with the same cluster share a source and are not independent; null stands alone. */
  readonly cluster: string | null;
  /** How much it counts in means, above 0; 1 unless stated. */
  readonly weight: number;
  /** Whether this one case failing under the candidate is enough for the gate to fail. */
  readonly must_pass: boolean;
  readonly split: string | null;
  /** Every other column, for templates and scorers. */
  readonly fields: { readonly [name: string]: Json };
};

/** What a dataset revision holds, counted while it was read. */
export type DatasetSummary = {
  /** Cases per group; `group` is null for cases without one. */
  readonly groups: readonly { readonly group: string | null; readonly cases: number }[];
  readonly clusters: number;
  readonly must_pass: number;
  readonly without_target: number;
  /** The distinct targets that are short texts, at most 100 of them; null when there are more. */
  readonly targets: readonly string[] | null;
};
