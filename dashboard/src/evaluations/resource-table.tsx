import type { ReactNode } from 'react';
import type { GateReport } from './answers.ts';
import { changeText, resourceWords, sideTexts } from './words.ts';

/** What both sides took for a case; it decides nothing. */
export function ResourceTable({ report }: { readonly report: GateReport }): ReactNode {
  const rows = report.resources.filter(({ cases }) => cases > 0);
  if (rows.length === 0) return null;
  const [before, after] = sideTexts(report);
  return (
    <section className="panel" aria-label="What it takes">
      <h2>What it takes for each case</h2>
      <div className="table-box">
        <table>
          <caption className="unseen">Means over the cases, which decide nothing</caption>
          <thead>
            <tr>
              <td />
              {[before, after, 'Change', 'Known within'].map((name) => (
                <th key={name} scope="col" className="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ resource, baseline, candidate, difference, interval }) => {
              const { text, format } = resourceWords[resource];
              const say = (value: number | null): string => (value === null ? '' : format(value));
              const change = (value: number): string => changeText(value, format);
              return (
                <tr key={resource}>
                  <th scope="row">{text}</th>
                  <td className="number">{say(baseline)}</td>
                  <td className="number">{say(candidate)}</td>
                  <td className="number">{difference === null ? '' : change(difference)}</td>
                  <td className="number">
                    {interval === null ? '' : `${change(interval.low)} to ${change(interval.high)}`}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
