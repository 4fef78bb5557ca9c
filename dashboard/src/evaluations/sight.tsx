import type { ReactNode } from 'react';
import type { DatasetSightResponse } from '../../../src/api/sights.ts';
import { useRead } from '../http/use-read.ts';
import { counted } from '../parts/quantities.ts';
import { groupText, pointsText } from './words.ts';

type Props = {
  /** Its id or name. */
  readonly dataset: string;
  readonly revision: string | null;
  /** As it was typed; what is no number of times is left to the server. */
  readonly epochs: string;
};

/** What a comparison could see, before anything is run: in all cases, and in the group that shows the least. */
export function Sight({ dataset, revision, epochs }: Props): ReactNode {
  const query = { revision, epochs: /^([1-9]\d?|100)$/.test(epochs) ? epochs : null };
  const sight = useRead<DatasetSightResponse>(`/pawl/v1/datasets/${encodeURIComponent(dataset)}/sight`, {
    query,
  });
  if (sight.data === undefined) return null;
  const { text, groups } = sight.data;
  const least = groups.toSorted((one, other) => one.cases - other.cases)[0];
  return (
    <div className="notice" role="status">
      <p>{text}.</p>
      {least !== undefined && groups.length > 1 && (
        <p>
          The smallest group, {groupText(least.group)} with {counted(least.cases, 'case')},{' '}
          {least.damage === null
            ? 'cannot tell any loss from chance.'
            : `shows a loss of ${pointsText(least.damage)} points or more.`}
        </p>
      )}
      <p className="faint">
        Points are hundredths of a full score. More cases show smaller losses; so do more repetitions where
        answers waver.
      </p>
    </div>
  );
}
