import { useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { ModelResponse } from '../../../src/api/wire/models.ts';
import { useRead } from '../http/use-read.ts';
import { Badge } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { Failure } from '../parts/failure.tsx';
import { type ListSearch, useListSearch } from '../parts/list.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { SearchBox } from '../parts/search-box.tsx';
import { TableBox } from '../parts/table-box.tsx';
import { OperationsPage } from './operations-page.tsx';

type ModelPage = {
  readonly data: readonly ModelResponse[];
  readonly has_more: boolean;
  readonly last_id: string | null;
};

/** Each model that somebody has named, who answers for it, and whether its price is known. */
export function ModelsPage(): ReactNode {
  const search: ListSearch = useSearch({ strict: false });
  const change = useListSearch();
  const { after_id } = search;
  const models = useRead<ModelPage>('/v1/models', { query: { limit: 50, after_id }, everyMs: 15_000 });
  return (
    <OperationsPage title="Models">
      <p>
        Agents name a model by its id, and the routes of the server say who answers for it. Costs and budgets
        need its price: without one, neither is known.
      </p>
      <WhoWouldAnswer />
      <h2>Models that are named here</h2>
      <Loaded of={models}>
        {({ data, has_more, last_id }) => (
          <>
            {data.length === 0 ? (
              <p className="empty">No agent names a model yet, and no route does.</p>
            ) : (
              <ModelTable models={data} />
            )}
            <nav className="row" aria-label="Pages of models">
              {after_id !== undefined && (
                <Button onPress={() => change({ after_id: undefined })}>First page</Button>
              )}
              {has_more && last_id !== null && (
                <Button onPress={() => change({ after_id: last_id })}>Next page</Button>
              )}
            </nav>
          </>
        )}
      </Loaded>
    </OperationsPage>
  );
}

function ModelTable({ models }: { readonly models: readonly ModelResponse[] }): ReactNode {
  return (
    <TableBox name="Models">
      <table>
        <caption className="unseen">Models</caption>
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col">Who answers</th>
            <th scope="col">Why</th>
            <th scope="col">Price</th>
          </tr>
        </thead>
        <tbody>
          {models.map(({ id, pawl }) => (
            <tr key={id}>
              <td>
                <code>{id}</code>
              </td>
              <td>
                <ServedBy served={pawl.served_by} />
              </td>
              <td>{pawl.served_by.because}</td>
              <td>
                {pawl.priced ? (
                  <Badge tone="good">known</Badge>
                ) : (
                  <Badge tone="warn">not known: no costs, no budgets</Badge>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function ServedBy({ served }: { readonly served: ModelResponse['pawl']['served_by'] }): ReactNode {
  if (served.provider === 'offline') return <Badge tone="warn">the offline model, which knows nothing</Badge>;
  return (
    <>
      {served.provider} as <code>{served.model}</code>
    </>
  );
}

/** Says of any id who would answer, before an agent is given it. */
function WhoWouldAnswer(): ReactNode {
  const [id, setId] = useState('');
  const path = id.trim() === '' ? null : `/v1/models/${encodeURIComponent(id.trim())}`;
  const found = useRead<ModelResponse>(path);
  return (
    <section className="panel narrow" aria-label="Who would answer">
      <SearchBox label="Who would answer for this model id?" value={id} onSearch={setId} />
      {path !== null && (
        <div role="status">
          {found.isError ? (
            <Failure error={found.error} />
          ) : (
            found.data !== undefined && (
              <p>
                <ServedBy served={found.data.pawl.served_by} />: {found.data.pawl.served_by.because}.{' '}
                {found.data.pawl.priced ? 'Its price is known.' : 'Its price is not known.'}
              </p>
            )
          )}
        </div>
      )}
    </section>
  );
}
