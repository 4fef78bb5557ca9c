import { type ReactNode, useState } from 'react';
import { send } from '../http/client.ts';
import { ConfirmedButton } from '../parts/confirmed-button.tsx';
import { TextField } from '../parts/field.tsx';
import './release.css';

type Props<Result> = {
  /** What the button says, and the one that confirms. */
  readonly does: string;
  /** What is asked, such as `Pause this rollout?` */
  readonly title: string;
  /** What will happen, in full sentences; and further fields. */
  readonly children: ReactNode;
  /** Why it may not be done now; null when it may. */
  readonly because: string | null;
  readonly danger?: boolean;
  /** Whether a reason can be given for the history. */
  readonly says?: boolean;
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Paths whose answers change by it. */
  readonly changes: readonly string[];
  readonly onDone?: (result: Result) => void;
};

/** Something that is done after it was asked once more, with a reason for the history; beside it, why it may not be. */
export function Deed<Result>(props: Props<Result>): ReactNode {
  const { does, title, children, because, danger = false, says = true } = props;
  const { path, body = {}, changes, onDone } = props;
  const [reason, setReason] = useState('');
  return (
    <>
      <ConfirmedButton
        {...{ does, title, because, danger, changes }}
        work={() => send<Result>(path, { ...body, ...(reason.trim() === '' ? {} : { reason }) })}
        onDone={(result) => {
          setReason('');
          onDone?.(result);
        }}
      >
        {children}
        {says && <TextField label="Why (for the history)" value={reason} onChange={setReason} />}
      </ConfirmedButton>
      {because !== null && <span className="faint">{because}</span>}
    </>
  );
}
