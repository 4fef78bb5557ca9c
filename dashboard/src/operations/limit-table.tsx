import type { ReactNode } from 'react';
import type { ServerLimits } from '../../../src/api/wire/server.ts';
import { durationText, numberText } from '../parts/quantities.ts';
import { TableBox } from '../parts/table-box.tsx';

type Row = { readonly text: string; readonly unit?: 'bytes' | 'ms' | 'days'; readonly none: string };

const rows: Readonly<Record<keyof ServerLimits, Row>> = {
  max_turns: { text: 'Turns that one process has under way', none: 'no limit' },
  max_turns_per_agent: { text: 'Of these, turns of one agent', none: 'no limit of its own' },
  max_waiting_turns: { text: 'Turns that may wait for a place', none: 'no limit' },
  max_requests_per_provider: { text: 'Requests to one provider at once', none: 'no limit' },
  rate_limit_per_minute: { text: 'Requests of one key in a minute', none: 'no limit' },
  max_requests: { text: 'Requests that are answered at once', none: 'no limit' },
  max_streams: { text: 'Event streams that are open at once', none: 'no limit' },
  max_tool_rounds: { text: 'Rounds of tool calls in one turn', none: 'no limit' },
  max_file_bytes: { text: 'Size of a file', unit: 'bytes', none: 'no limit' },
  model_timeout_ms: { text: 'Longest wait for a model', unit: 'ms', none: 'no limit' },
  model_max_tokens: { text: 'Tokens of one answer of a model', none: 'no limit' },
  model_max_retries: { text: 'Further tries where a model cannot be asked', none: 'none' },
  retention_days: { text: 'Sessions are kept for', unit: 'days', none: 'ever' },
  file_retention_days: { text: 'Files are kept for', unit: 'days', none: 'ever' },
};

const bytesPerMebibyte = 1024 * 1024;

/** What the server allows at most, with the setting that says so. */
export function LimitTable({ limits }: { readonly limits: ServerLimits }): ReactNode {
  return (
    <TableBox name="What is allowed at most">
      <table>
        <caption className="unseen">What is allowed at most</caption>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col" className="number">
              At most
            </th>
            <th scope="col">Setting</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(rows).map(([name, row]) => (
            <tr key={name}>
              <td>{row.text}</td>
              <td className="number">{valueText(limits[name as keyof ServerLimits], row)}</td>
              <td>
                <code>{name}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function valueText(value: number | null, { unit, none }: Row): string {
  if (value === null || value === 0) return none;
  if (unit === 'bytes') return `${numberText(Math.round(value / bytesPerMebibyte))} MiB`;
  if (unit === 'ms') return durationText(value);
  return unit === 'days' ? `${numberText(value)} days` : numberText(value);
}
