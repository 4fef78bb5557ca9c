import type { ReactNode } from 'react';
import { StatusBadge } from '../parts/badge.tsx';
import type { GateReasons, GateReport } from './answers.ts';
import { headline, scopeText, verdictLooks } from './words.ts';

/** More remarks than these are shown when they are asked for. */
const mostOpen = 3;

/** The verdict in plain words, with its reasons, what would settle it, and what else is worth knowing. */
export function VerdictPanel({ report }: { readonly report: GateReport }): ReactNode {
  const { verdict, reasons, warnings, rows } = report;
  const open = rows.shown.flatMap((row) => (row.settle === null ? [] : [{ row, settle: row.settle }]));
  return (
    <section className={`notice notice-${verdictLooks[verdict]} verdict`} aria-label="Verdict">
      <h2>
        <StatusBadge status={verdict} /> {headline(report)}
      </h2>
      <Reasons of={reasons} />
      {open.length > 0 && (
        <details open={verdict === 'inconclusive'}>
          <summary>
            {verdict === 'inconclusive' ? 'What would settle it' : 'What would settle the rest'}
          </summary>
          <ul>
            {open.map(({ row, settle }) => (
              <li key={`${row.metric} ${row.scope} ${row.group}`}>
                <strong>{scopeText(row)}</strong>: {settle.text}
              </li>
            ))}
          </ul>
        </details>
      )}
      {warnings.total > 0 && (
        <details open={warnings.shown.length <= mostOpen}>
          <summary>Worth knowing</summary>
          <Reasons of={warnings} />
        </details>
      )}
    </section>
  );
}

function Reasons({ of: { shown, total } }: { readonly of: GateReasons }): ReactNode {
  return (
    <ul>
      {shown.map(({ code, metric, scope, group, text }) => (
        <li key={`${code} ${metric} ${scope} ${group} ${text}`}>{text}</li>
      ))}
      {total > shown.length && <li className="faint">and {total - shown.length} more</li>}
    </ul>
  );
}
