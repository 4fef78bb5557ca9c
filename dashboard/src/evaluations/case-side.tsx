import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { EvalResultResponse } from '../../../src/api/eval-runs.ts';
import { useRead } from '../http/use-read.ts';
import { Choice } from '../parts/field.tsx';
import type { ServerPage } from '../parts/list.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Transcript } from '../sessions/transcript.tsx';
import type { SessionEvent } from '../sessions/transcript-items.ts';
import type { EvalRun } from './answers.ts';
import type { DrawerSide } from './case-drawer.tsx';
import { ResultBadge } from './result-badge.tsx';
import { findingOf, reasonOf, resultToShow } from './result-figures.ts';

type Props = DrawerSide & { readonly caseId: string; readonly metric: string };

/** What one run made of a case: each repetition with its scores, and the session behind it. */
export function CaseSide({ title, run, prefers, caseId, metric }: Props): ReactNode {
  const [epoch, setEpoch] = useState<string | null>(null);
  const query = { case_id: caseId, limit: 200 };
  const results = useRead<ServerPage<EvalResultResponse>>(`/pawl/v1/eval_runs/${run.id}/results`, { query });
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <Loaded of={results}>
        {({ data }) => {
          const shown =
            data.find((result) => String(result.epoch) === epoch) ?? resultToShow(data, { metric, prefers });
          if (shown === undefined) return <p className="empty">This run has no answer to the case.</p>;
          return (
            <>
              {data.length > 1 && (
                <Choice
                  label={`Repetition (${title})`}
                  value={String(shown.epoch)}
                  onChange={setEpoch}
                  options={data.map((result) => ({
                    value: String(result.epoch),
                    text: `${result.epoch}: ${findingOf(result, metric) ?? 'session broke'}`,
                  }))}
                />
              )}
              <Scores result={shown} metric={metric} />
              <Session run={run} result={shown} />
            </>
          );
        }}
      </Loaded>
    </section>
  );
}

/** What each scorer said, the one that decides first. */
function Scores({
  result,
  metric,
}: {
  readonly result: EvalResultResponse;
  readonly metric: string;
}): ReactNode {
  const names = [metric, ...Object.keys(result.scores).filter((name) => name !== metric)];
  return (
    <dl className="facts">
      {names.map((name) => (
        <div key={name} className="score-line">
          <dt>{name}</dt>
          <dd>
            <ResultBadge result={result} metric={name} /> {reasonOf(result, name) ?? ''}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Session({ run, result }: { readonly run: EvalRun; readonly result: EvalResultResponse }): ReactNode {
  const id = result.outcome?.session_id ?? result.error?.session_id ?? null;
  const isHere = run.endpoint === null && id !== null;
  const path = isHere ? `/v1/sessions/${id}/events` : null;
  const events = useRead<ServerPage<SessionEvent>>(path, { query: { limit: 1000 } });
  if (events.data !== undefined && isHere) {
    return (
      <>
        <p>
          <Link to={`/sessions/${id}`}>Open the session</Link>
          {result.reused_from !== null && <span className="faint"> (asked in an earlier run)</span>}
        </p>
        <Transcript events={events.data.data} />
      </>
    );
  }
  if (isHere && events.isPending) return <p className="loading">Loading…</p>;
  return (
    <>
      <p className="faint">
        {run.endpoint === null
          ? 'The session is gone; the reply was kept.'
          : `The session is at ${run.endpoint}.`}
      </p>
      <pre>{result.outcome?.reply ?? 'No reply.'}</pre>
    </>
  );
}
