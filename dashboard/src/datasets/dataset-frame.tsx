import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { DatasetResponse } from '../../../src/api/wire/datasets.ts';
import { send } from '../http/client.ts';
import { useRead } from '../http/use-read.ts';
import { Badge } from '../parts/badge.tsx';
import { ConfirmedButton } from '../parts/confirmed-button.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { Tabs } from '../parts/tabs.tsx';
import { mayActAs, useMe } from '../shell/me.ts';

/** What all pages about one dataset have around them: its name, what can be done with it, and the other pages. */
export function DatasetFrame({
  children,
}: {
  readonly children: (dataset: DatasetResponse) => ReactNode;
}): ReactNode {
  const { datasetId } = useParams({ strict: false }) as { datasetId: string };
  const dataset = useRead<DatasetResponse>(`/pawl/v1/datasets/${datasetId}`);
  const place = `/datasets/${datasetId}`;
  return (
    <Loaded of={dataset}>
      {(one) => (
        <Page
          title={one.name}
          under={[{ text: 'Datasets', to: '/datasets' }]}
          actions={one.archived_at === null && <Actions dataset={one} />}
        >
          <p>
            {one.archived_at !== null && <Badge tone="calm">archived</Badge>} {one.description}{' '}
            <code className="faint">{one.id}</code>
          </p>
          <Tabs
            name={`About ${one.name}`}
            tabs={[
              { to: place, text: 'Cases' },
              { to: `${place}/revisions`, text: 'Revisions' },
              { to: `${place}/changes`, text: 'Changes' },
              { to: `${place}/evals`, text: 'Evals that use it' },
            ]}
          />
          {children(one)}
        </Page>
      )}
    </Loaded>
  );
}

function Actions({ dataset: { id, name } }: { readonly dataset: DatasetResponse }): ReactNode {
  const me = useMe();
  const path = `/pawl/v1/datasets/${id}`;
  return (
    <>
      <Link className="button button-main" to="/datasets/new" search={{ name } as never}>
        New revision from a file
      </Link>
      <ConfirmedButton
        does="Archive"
        what={name}
        title={`Archive ${name}?`}
        because={mayActAs(me, 'editor') ? null : 'Viewers read only'}
        work={() => send(`${path}/archive`)}
        changes={['/pawl/v1/datasets']}
      >
        <p>
          It takes no more cases and gives no more evidence for promotions, for good, and its name is never
          free again. What it holds can still be read.
        </p>
      </ConfirmedButton>
    </>
  );
}
