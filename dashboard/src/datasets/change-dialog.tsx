import type { ReactNode } from 'react';
import type { CaseResponse } from '../../../src/api/wire/datasets.ts';
import { useRead } from '../http/use-read.ts';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { TextDiff } from '../parts/diff/text-diff.tsx';
import type { ServerPage } from '../parts/list.tsx';
import { Loaded } from '../parts/loaded.tsx';

type Props = {
  readonly datasetId: string;
  readonly caseId: string;
  /** The ids of the two revisions. */
  readonly from: string;
  readonly to: string;
  readonly onClose: () => void;
};

/** A case as it was in one revision, and as it is in another. */
export function ChangeDialog({ datasetId, caseId, from, to, onClose }: Props): ReactNode {
  const path = `/pawl/v1/datasets/${datasetId}/cases`;
  const before = useRead<ServerPage<CaseResponse>>(path, { query: { revision: from, case_id: caseId } });
  const after = useRead<ServerPage<CaseResponse>>(path, { query: { revision: to, case_id: caseId } });
  return (
    <Dialog title={`Case ${caseId}`} onClose={onClose}>
      <Loaded of={before}>
        {(old) => (
          <Loaded of={after}>
            {(fresh) => (
              <TextDiff
                name="case"
                before={textOf(old.data[0])}
                after={textOf(fresh.data[0])}
                titles={['the older revision', 'the newer one']}
                view="inline"
              />
            )}
          </Loaded>
        )}
      </Loaded>
      <div className="row row-end">
        <Button look="main" onPress={onClose}>
          Close
        </Button>
      </div>
    </Dialog>
  );
}

/** What a case holds, a line for each part; nothing where the revision has none. */
function textOf(one: CaseResponse | undefined): string {
  if (one === undefined) return '';
  const { type: _type, hash: _hash, ...parts } = one;
  return JSON.stringify(parts, null, 2);
}
