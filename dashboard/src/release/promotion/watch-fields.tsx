import type { ReactNode } from 'react';
import { metricName } from '../rollout/metric-words.ts';
import type { WatchDraft, WatchKind } from './watch-draft.ts';

type Props = {
  readonly watch: readonly WatchDraft[];
  readonly onChange: (watch: readonly WatchDraft[]) => void;
};

const kinds: readonly { readonly value: WatchKind; readonly text: string }[] = [
  { value: 'guardrail', text: 'takes it back (guardrail)' },
  { value: 'signal', text: 'pauses it (signal)' },
  { value: 'none', text: 'not watched' },
];

/** What is watched, and what happens when the candidate is worse in it. */
export function WatchFields({ watch, onChange }: Props): ReactNode {
  const change = (metric: string, part: Partial<WatchDraft>): void =>
    onChange(watch.map((one) => (one.metric === metric ? { ...one, ...part } : one)));
  return (
    <div className="table-box">
      <table className="step-fields">
        <caption>What is watched, and how much worse the candidate may be</caption>
        <thead>
          <tr>
            <th scope="col">Watched</th>
            <th scope="col">If the candidate is worse</th>
            <th scope="col">Margin (points, or % of now)</th>
          </tr>
        </thead>
        <tbody>
          {watch.map(({ metric, kind, margin }) => (
            <tr key={metric}>
              <th scope="row">{metricName(metric)}</th>
              <td className="field">
                <select
                  aria-label={`What worse ${metric} leads to`}
                  value={kind}
                  onChange={(event) => change(metric, { kind: event.target.value as WatchKind })}
                >
                  {kinds.map(({ value, text }) => (
                    <option key={value} value={value}>
                      {text}
                    </option>
                  ))}
                </select>
              </td>
              <td className="field">
                <input
                  type="number"
                  min={0}
                  aria-label={`Margin of ${metric}`}
                  value={margin}
                  disabled={kind === 'none'}
                  onChange={(event) => change(metric, { margin: event.target.value })}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
