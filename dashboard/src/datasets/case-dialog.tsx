import type { ReactNode } from 'react';
import type { CaseResponse } from '../../../src/api/wire/datasets.ts';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { valueText } from '../parts/typed-value.ts';

type Props = { readonly case: CaseResponse; readonly onClose: () => void };

/** A case with everything that it holds. */
export function CaseDialog({ case: one, onClose }: Props): ReactNode {
  const facts: readonly (readonly [string, string | null])[] = [
    ['Group', one.group],
    ['Source that it shares', one.cluster],
    ['Counts', one.weight === 1 ? null : String(one.weight)],
    ['Has to pass', one.must_pass ? 'yes: it alone is enough to refuse a version' : null],
    ['Split', one.split],
  ];
  return (
    <Dialog title={`Case ${one.id}`} onClose={onClose}>
      <h3>What is asked</h3>
      <Asked input={one.input} />
      <h3>What should be answered</h3>
      {one.target === null ? <p className="faint">Nothing is stated.</p> : <pre>{valueText(one.target)}</pre>}
      <dl className="facts">
        {facts.map(
          ([name, value]) =>
            value !== null && (
              <div key={name} className="fact">
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
      {Object.keys(one.fields).length > 0 && (
        <>
          <h3>Fields</h3>
          <dl className="facts">
            {Object.entries(one.fields).map(([name, value]) => (
              <div key={name} className="fact">
                <dt>{name}</dt>
                <dd>{valueText(value)}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
      <div className="row row-end">
        <Button look="main" onPress={onClose}>
          Close
        </Button>
      </div>
    </Dialog>
  );
}

function Asked({ input }: Pick<CaseResponse, 'input'>): ReactNode {
  if (input === null) return <p className="faint">An eval makes the message of the fields below.</p>;
  if (typeof input === 'string') return <pre>{input}</pre>;
  return (
    <ol>
      {input.map(({ role, content }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the messages of a case never move.
        <li key={at}>
          <strong>{role}</strong>
          <pre>{content}</pre>
        </li>
      ))}
    </ol>
  );
}
