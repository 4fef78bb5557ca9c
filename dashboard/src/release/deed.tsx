import { type ReactNode, useState } from 'react';
import { send } from '../http/client.ts';
import { useAction } from '../http/use-action.ts';
import { Button } from '../parts/button.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { Failure } from '../parts/failure.tsx';
import { TextField } from '../parts/field.tsx';

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
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Paths whose answers change by it. */
  readonly changes: readonly string[];
  readonly onDone?: (result: Result) => void;
};

/** Something that is done after it was asked once more, with a reason for the history; beside it, why it may not be. */
export function Deed<Result>(props: Props<Result>): ReactNode {
  const { does, title, children, because, danger = false, path, body = {}, changes, onDone } = props;
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState('');
  const action = useAction((sent: object) => send<Result>(path, sent), {
    changes,
    onDone: (result) => {
      setAsking(false);
      onDone?.(result);
    },
  });
  function ask(): void {
    action.reset();
    setReason('');
    setAsking(true);
  }
  return (
    <>
      <Button look={danger ? 'danger' : 'plain'} disabledBecause={because} onPress={ask}>
        {does}
      </Button>
      {because !== null && <span className="faint">{because}</span>}
      {asking && (
        <Confirm
          title={title}
          does={does}
          danger={danger}
          busy={action.busy}
          onClose={() => setAsking(false)}
          onYes={() => void action.run({ ...body, ...(reason.trim() === '' ? {} : { reason }) })}
        >
          {children}
          <TextField label="Why (for the history)" value={reason} onChange={setReason} />
          <Failure error={action.error} />
        </Confirm>
      )}
    </>
  );
}
