import type { ComparisonResponse } from '../../../../src/api/comparisons.ts';

/** What a gate found. */
export type Report = NonNullable<ComparisonResponse['report']>;
/** One scorer over all cases, or over one group. */
export type ReportRow = Report['rows']['shown'][number];
/** A case that is right with one version and wrong with the other. */
export type TurnedCase = Report['flips']['shown'][number];
