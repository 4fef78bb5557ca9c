import type { FastifyReply } from 'fastify';
import { PawlError } from '../core/errors.ts';
import type { Paint } from '../core/plain-text.ts';
import type { Comparisons } from '../eval/comparisons.ts';
import type { GateReport } from '../eval/gate-report.ts';
import { htmlReport } from '../eval/report/html.ts';
import { junitReport } from '../eval/report/junit.ts';
import { markdownReport } from '../eval/report/markdown.ts';
import { plainPaint, terminalPaint } from '../eval/report/plain-text.ts';
import { runHtml } from '../eval/report/run-html.ts';
import { runJunit } from '../eval/report/run-junit.ts';
import { runMarkdown } from '../eval/report/run-markdown.ts';
import { runTable } from '../eval/report/run-table.ts';
import { tableReport } from '../eval/report/table.ts';
import { type RunReport, reportRun } from '../eval/run-report.ts';
import type { Runs } from '../eval/runs.ts';
import type { Store } from '../store/dialect.ts';
import type { App } from './http.ts';
import { requireId } from './route.ts';
import { type ReportFormat, reportQuery } from './wire/evals.ts';
import { idParams } from './wire/params.ts';

/** What a run scored by itself, as answers carry it. */
export type RunReportResponse = RunReport;

type Deps = { readonly runs: Runs; readonly comparisons: Comparisons; readonly store: Store };

/** How a report of one kind is written in each format. */
type Writers<R> = { readonly [F in Exclude<ReportFormat, 'json'>]: (report: R, paint: Paint) => string };

const ofComparison: Writers<GateReport> = {
  table: tableReport,
  markdown: markdownReport,
  junit: junitReport,
  html: htmlReport,
};

const ofRun: Writers<RunReport> = {
  table: runTable,
  markdown: runMarkdown,
  junit: runJunit,
  html: runHtml,
};

const contentTypes: { readonly [F in ReportFormat]: string } = {
  table: 'text/plain; charset=utf-8',
  markdown: 'text/markdown; charset=utf-8',
  junit: 'application/xml; charset=utf-8',
  html: 'text/html; charset=utf-8',
  json: 'application/json; charset=utf-8',
};

/** What runs and comparisons came to, in the format that the reader wants. */
export function reportRoutes(app: App, { runs, comparisons, store }: Deps): void {
  app.get(
    '/pawl/v1/comparisons/:id/report',
    { schema: { params: idParams, querystring: reportQuery } },
    async ({ params, query }, reply) => {
      const { report, status, error } = await comparisons.retrieve(requireId('comparison', params.id));
      if (report === null) {
        const why = error === null ? '' : `: ${error}`;
        throw new PawlError(
          'report_not_ready',
          `comparison ${params.id} is ${status} and has no report${why}`,
        );
      }
      return send(reply, query, { report, writers: ofComparison });
    },
  );

  app.get(
    '/pawl/v1/eval_runs/:id/report',
    { schema: { params: idParams, querystring: reportQuery } },
    async ({ params, query }, reply) => {
      const run = await runs.retrieve(requireId('eval_run', params.id));
      return send(reply, query, { report: await reportRun(store, run), writers: ofRun });
    },
  );
}

function send<R>(
  reply: FastifyReply,
  { format, colour }: { readonly format: ReportFormat; readonly colour: boolean },
  { report, writers }: { readonly report: R; readonly writers: Writers<R> },
): FastifyReply {
  reply.header('content-type', contentTypes[format]);
  // A page made of what agents said must not do anything, wherever it is opened.
  reply.header('content-security-policy', 'sandbox').header('x-content-type-options', 'nosniff');
  if (format === 'json') return reply.send(JSON.stringify(report));
  return reply.send(writers[format](report, colour ? terminalPaint : plainPaint));
}
