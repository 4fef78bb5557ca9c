import { type ReactNode, useState } from 'react';
import { useAction } from '../http/use-action.ts';
import { Button } from './button.tsx';
import { Confirm } from './dialog.tsx';
import { Failure } from './failure.tsx';

type Props<Result> = {
  /** What the button says, and the one that confirms. */
  readonly does: string;
  /** Which of several is meant, for those who hear it. */
  readonly what?: string;
  /** What is asked, such as `Archive tickets?` */
  readonly title: string;
  /** What will happen, in full sentences. */
  readonly children: ReactNode;
  /** Why it may not be done now; null when it may. */
  readonly because: string | null;
  /** Whether it cannot be taken back, or moves production; so it does unless this says otherwise. */
  readonly danger?: boolean;
  readonly work: () => Promise<Result>;
  /** Paths whose answers change by it. */
  readonly changes: readonly string[];
  readonly onDone?: (result: Result) => void;
};

/** Something that is done after it was asked once more. */
export function ConfirmedButton<Result>({
  does,
  what,
  title,
  children,
  because,
  danger = true,
  work,
  changes,
  onDone,
}: Props<Result>): ReactNode {
  const [asking, setAsking] = useState(false);
  const action = useAction(work, {
    changes,
    onDone: (result) => {
      setAsking(false);
      onDone?.(result);
    },
  });
  function ask(): void {
    action.reset();
    setAsking(true);
  }
  return (
    <>
      <Button look={danger ? 'danger' : 'plain'} disabledBecause={because} onPress={ask}>
        {does}
        {what !== undefined && <span className="unseen"> {what}</span>}
      </Button>
      {asking && (
        <Confirm
          title={title}
          does={does}
          danger={danger}
          busy={action.busy}
          onClose={() => setAsking(false)}
          onYes={() => void action.run(undefined)}
        >
          {children}
          <Failure error={action.error} />
        </Confirm>
      )}
    </>
  );
}
