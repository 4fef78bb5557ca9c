import { type ReactNode, useState } from 'react';
import type { AuditCheckResponse } from '../../../../src/api/audit.ts';
import { read } from '../../http/client.ts';
import { useAction } from '../../http/use-action.ts';
import { Button } from '../../parts/button.tsx';
import { Failure } from '../../parts/failure.tsx';
import { numberText } from '../../parts/quantities.ts';

/** Has the whole log read, and says whether it is as it was written. */
export function AuditCheck(): ReactNode {
  const [found, setFound] = useState<AuditCheckResponse | null>(null);
  const check = useAction(() => read<AuditCheckResponse>('/pawl/v1/audit/verify'), { onDone: setFound });
  return (
    <div className="list-tools">
      <div className="row">
        <Button busy={check.busy} onPress={() => void check.run(undefined)}>
          Verify
        </Button>
        <span className="faint">
          Each entry holds the hash of the one before. Verifying reads them all, and finds what was changed.
        </span>
      </div>
      <Failure error={check.error} />
      <div role="status">{found !== null && <Found check={found} />}</div>
    </div>
  );
}

function Found({ check: { ok, entries, head, broken } }: { readonly check: AuditCheckResponse }): ReactNode {
  if (!ok) {
    return (
      <div className="notice notice-bad">
        <p>
          <strong>The log is not as it was written.</strong> Entry {broken?.seq}: {broken?.problem}. The{' '}
          {numberText(entries)} entries before it are in order.
        </p>
      </div>
    );
  }
  return (
    <div className="notice notice-good">
      <p>
        <strong>All {numberText(entries)} entries are as they were written.</strong> Whoever may write to the
        database could still have written everything anew: note this where they cannot write, and compare
        later.
      </p>
      <p>
        <code>
          {head.seq}:{head.hash}
        </code>
      </p>
    </div>
  );
}
