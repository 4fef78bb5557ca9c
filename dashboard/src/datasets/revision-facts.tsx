import type { ReactNode } from 'react';
import type { DatasetRevisionResponse } from '../../../src/api/wire/datasets.ts';
import { Badge } from '../parts/badge.tsx';
import { numberText } from '../parts/quantities.ts';
import { Time } from '../parts/time.tsx';

/** More than anybody reads beside each other. */
const mostGroups = 12;

/** What a revision holds, counted. */
export function RevisionFacts({
  revision: { hash, cases, summary, created_at },
  children,
}: {
  readonly revision: DatasetRevisionResponse;
  readonly children: ReactNode;
}): ReactNode {
  const { groups, must_pass, without_target } = summary;
  const named = groups.filter(({ group }) => group !== null);
  return (
    <section className="panel" aria-label="This revision">
      <dl className="facts">
        <dt>Revision</dt>
        <dd>
          <code>{hash.slice(0, 12)}</code> made <Time at={created_at} />
        </dd>
        <dt>Cases</dt>
        <dd>
          {numberText(cases)}
          {must_pass > 0 && `, of which ${numberText(must_pass)} have to pass`}
          {without_target > 0 && `; ${numberText(without_target)} do not say what should be answered`}
        </dd>
        <dt>Groups</dt>
        <dd className="groups">
          {named.length === 0 && <span className="faint">none: results are reported as one</span>}
          {named.slice(0, mostGroups).map(({ group, cases: count }) => (
            <Badge key={group} tone="calm">
              {group} {numberText(count)}
            </Badge>
          ))}
          {named.length > mostGroups && `and ${numberText(named.length - mostGroups)} more`}
        </dd>
      </dl>
      {children}
    </section>
  );
}
