import { calibration, comparedCases, comparison, listedComparison } from '../wire/answers/comparisons.ts';
import { evalResult, evalRun } from '../wire/answers/eval-runs.ts';
import { evalAnswer } from '../wire/answers/evals.ts';
import { pageOf } from '../wire/answers/fields.ts';
import { gateReport } from '../wire/answers/gate-report.ts';
import { runReport } from '../wire/answers/run-report.ts';
import { listedShadow, shadow } from '../wire/answers/shadows.ts';
import { type Content, json, type Operations, stream, textOf } from './operation.ts';

/** What keeps a run from being made. */
const runErrors = [
  ...(['eval_not_found', 'eval_archived', 'dataset_not_found', 'dataset_revision_not_found'] as const),
  ...(['agent_not_found', 'endpoint_failed'] as const),
];

/** The formats of reports besides JSON. */
const written: Content = {
  'text/plain': textOf('`table`: for a terminal.'),
  'text/markdown': textOf('`markdown`: for a pull request.'),
  'application/xml': textOf('`junit`: for build servers.'),
  'text/html': textOf('`html`: a page that needs nothing else.'),
};

const evalOperations: Operations = {
  put_eval: {
    route: 'POST /pawl/v1/evals',
    tag: 'Evals',
    summary: 'Keeps a definition under its name: as a new eval, or as its next revision.',
    description: 'A definition that is the newest revision already changes nothing.',
    answer: json(evalAnswer),
    errors: ['eval_archived'],
  },
  list_evals: {
    route: 'GET /pawl/v1/evals',
    tag: 'Evals',
    summary: 'Lists evals that are not archived, the newest first.',
    answer: json(pageOf(evalAnswer)),
    errors: [],
  },
  retrieve_eval: {
    route: 'GET /pawl/v1/evals/:id',
    tag: 'Evals',
    summary: 'Gives an eval at one of its revisions.',
    answer: json(evalAnswer),
    errors: ['eval_not_found'],
  },
  archive_eval: {
    route: 'POST /pawl/v1/evals/:id/archive',
    tag: 'Evals',
    summary: 'Archives an eval for good: it starts no more runs.',
    answer: json(evalAnswer),
    errors: ['eval_not_found'],
  },
};

const runOperations: Operations = {
  create_eval_run: {
    route: 'POST /pawl/v1/eval_runs',
    tag: 'Eval runs',
    summary: 'Starts an eval run as soon as there is room.',
    answer: json(evalRun),
    errors: runErrors,
  },
  list_eval_runs: {
    route: 'GET /pawl/v1/eval_runs',
    tag: 'Eval runs',
    summary: 'Lists eval runs, the newest first.',
    answer: json(pageOf(evalRun)),
    errors: ['eval_not_found'],
  },
  retrieve_eval_run: {
    route: 'GET /pawl/v1/eval_runs/:id',
    tag: 'Eval runs',
    summary: 'Gives an eval run and how far it has come.',
    answer: json(evalRun),
    errors: ['eval_run_not_found'],
  },
  list_eval_results: {
    route: 'GET /pawl/v1/eval_runs/:id/results',
    tag: 'Eval runs',
    summary: 'Lists what the cases of a run came to, in order of cases and epochs.',
    answer: json(pageOf(evalResult)),
    errors: ['eval_run_not_found'],
  },
  stream_eval_run: {
    route: 'GET /pawl/v1/eval_runs/:id/stream',
    tag: 'Eval runs',
    summary: 'Streams an eval run until it is over.',
    answer: stream('eval_run', 'EvalRun'),
    errors: ['eval_run_not_found'],
  },
  report_eval_run: {
    route: 'GET /pawl/v1/eval_runs/:id/report',
    tag: 'Eval runs',
    summary: 'Gives what a run scored by itself, finished or not.',
    answer: { ...json(runReport), ...written },
    errors: ['eval_run_not_found'],
  },
  cancel_eval_run: {
    route: 'POST /pawl/v1/eval_runs/:id/cancel',
    tag: 'Eval runs',
    summary: 'Stops an eval run; what is done is kept.',
    answer: json(evalRun),
    errors: ['eval_run_not_found'],
  },
  resume_eval_run: {
    route: 'POST /pawl/v1/eval_runs/:id/resume',
    tag: 'Eval runs',
    summary: 'Goes on with an eval run that was canceled, has failed or has errors.',
    answer: json(evalRun),
    errors: ['eval_run_not_found'],
  },
};

const comparisonOperations: Operations = {
  create_comparison: {
    route: 'POST /pawl/v1/comparisons',
    tag: 'Comparisons',
    summary: 'Runs two versions and compares them, or compares two runs that exist.',
    answer: json(comparison),
    errors: [...runErrors, 'eval_run_not_found'],
  },
  list_comparisons: {
    route: 'GET /pawl/v1/comparisons',
    tag: 'Comparisons',
    summary: 'Lists comparisons, the newest first.',
    answer: json(pageOf(listedComparison)),
    errors: ['eval_not_found'],
  },
  retrieve_comparison: {
    route: 'GET /pawl/v1/comparisons/:id',
    tag: 'Comparisons',
    summary: 'Gives a comparison with its verdict, once it is there.',
    answer: json(comparison),
    errors: ['comparison_not_found'],
  },
  list_compared_cases: {
    route: 'GET /pawl/v1/comparisons/:id/cases',
    tag: 'Comparisons',
    summary: 'Lists the cases of a comparison with what both sides made of them, those that turned first.',
    description: 'Once there is a verdict. Cases that only one of the runs has are left out.',
    answer: json(comparedCases),
    errors: ['comparison_not_found', 'report_not_ready'],
  },
  stream_comparison: {
    route: 'GET /pawl/v1/comparisons/:id/stream',
    tag: 'Comparisons',
    summary: 'Streams a comparison until it is over.',
    answer: stream('comparison', 'Comparison'),
    errors: ['comparison_not_found'],
  },
  report_comparison: {
    route: 'GET /pawl/v1/comparisons/:id/report',
    tag: 'Comparisons',
    summary: 'Gives what the gate found.',
    answer: { ...json(gateReport), ...written },
    errors: ['comparison_not_found', 'report_not_ready'],
  },
};

/** What keeps recorded sessions from being compared. */
const recordedErrors = [
  ...([
    'agent_not_found',
    'version_not_found',
    'alias_not_found',
    'eval_not_found',
    'eval_archived',
  ] as const),
  ...(['dataset_archived', 'endpoint_failed'] as const),
];

const recordedOperations: Operations = {
  create_backtest: {
    route: 'POST /pawl/v1/backtests',
    tag: 'Backtests and shadows',
    summary: 'Puts what users said in a window of time to a version, and compares its answers with theirs.',
    description:
      'Gives a comparison, which is followed, reported and canceled like any other. Of the sessions of the window the newest are taken; its `origin` says how many were left out, and why.',
    answer: json(comparison),
    errors: recordedErrors,
  },
  start_shadow: {
    route: 'POST /pawl/v1/shadows',
    tag: 'Backtests and shadows',
    summary: 'Begins to put copies of what users say to a version, whose answers nobody sees.',
    answer: json(shadow),
    errors: [
      ...(['agent_not_found', 'agent_archived', 'alias_not_found', 'version_not_found'] as const),
      ...(['eval_not_found', 'eval_archived'] as const),
    ],
  },
  list_shadows: {
    route: 'GET /pawl/v1/shadows',
    tag: 'Backtests and shadows',
    summary: 'Lists shadows, the newest first.',
    answer: json(pageOf(listedShadow)),
    errors: [],
  },
  retrieve_shadow: {
    route: 'GET /pawl/v1/shadows/:id',
    tag: 'Backtests and shadows',
    summary: 'Gives a shadow with what both sides have come to.',
    answer: json(shadow),
    errors: ['shadow_not_found'],
  },
  stop_shadow: {
    route: 'POST /pawl/v1/shadows/:id/stop',
    tag: 'Backtests and shadows',
    summary: 'Stops a shadow for good; what was answered is kept.',
    answer: json(shadow),
    errors: ['shadow_not_found'],
  },
  compare_shadow: {
    route: 'POST /pawl/v1/shadows/:id/comparison',
    tag: 'Backtests and shadows',
    summary: 'Compares what the version has answered so far with what users were answered.',
    description: 'Nothing is asked for it, but of judges. It may be done while the shadow runs, and again.',
    answer: json(comparison),
    errors: [...recordedErrors, 'shadow_not_found'],
  },
};

const calibrationOperations: Operations = {
  create_calibration: {
    route: 'POST /pawl/v1/calibrations',
    tag: 'Calibrations',
    summary: "Splits a run's epochs in two, over and over, and counts what the gate says of the halves.",
    answer: json(calibration),
    errors: ['eval_run_not_found'],
  },
  list_calibrations: {
    route: 'GET /pawl/v1/calibrations',
    tag: 'Calibrations',
    summary: 'Lists calibrations of gates, the newest first.',
    answer: json(pageOf(calibration)),
    errors: ['eval_not_found'],
  },
};

/** Everything from an eval to its verdict. */
export const evaluationOperations: Operations = {
  ...evalOperations,
  ...runOperations,
  ...comparisonOperations,
  ...recordedOperations,
  ...calibrationOperations,
};
