import type { ComparedCaseResponse, ComparisonResponse } from '../../../src/api/comparisons.ts';
import type { EvalResultResponse } from '../../../src/api/eval-runs.ts';
import type { RunReportResponse } from '../../../src/api/reports.ts';

/** A run as comparisons hold it. */
export type EvalRun = ComparisonResponse['candidate'];

/** What the gate found. */
export type GateReport = NonNullable<ComparisonResponse['report']>;
export type GateRow = GateReport['rows']['shown'][number];
export type GateReasons = GateReport['reasons'];
export type ReportSide = GateReport['candidate'];
export type ResourceRow = GateReport['resources'][number];

/** What one group of a run scored. */
export type RunRow = RunReportResponse['rows'][number];

/** What became of a case between two runs, and what one of them made of it. */
export type CaseOutcome = ComparedCaseResponse['outcome'];
export type ComparedSide = ComparedCaseResponse['candidate'];

/** What an answer used. */
export type CaseUsage = NonNullable<EvalResultResponse['outcome']>['usage'];
