import { useNavigate, useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { Query } from '../http/client.ts';
import { useRead } from '../http/use-read.ts';
import { Button } from './button.tsx';
import { Loaded } from './loaded.tsx';
import { SearchBox } from './search-box.tsx';

/** What a list in the address bar is about; texts, as they stand there. */
export type ListSearch = Readonly<Record<string, string | undefined>>;

/** A page as the server gives it. */
export type ServerPage<Row> = {
  readonly data: readonly Row[];
  readonly next_page: string | null;
};

export type Column<Row> = {
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /** What the server sorts by when this column is chosen; absent when it cannot. */
  readonly sort?: string;
  /** Numbers stand at the end of their cell. */
  readonly isNumber?: boolean;
};

type Props<Row> = {
  /** What the list is, for those who hear it. */
  readonly name: string;
  readonly path: string;
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  /** Said where there is nothing. */
  readonly empty: ReactNode;
  /** What is asked for whatever stands in the address bar. */
  readonly fixed?: Query;
  /** Names of filters that stand in the address bar and are handed on. */
  readonly filters?: readonly string[];
  /** Those of the filters that the server takes as lists. */
  readonly listed?: readonly string[];
  /** What the search looks through, as the name of its field; absent when the server cannot search. */
  readonly searches?: string;
  /** Fields for the filters, beside the search. */
  readonly children?: ReactNode;
  readonly everyMs?: number;
};

const perPage = 50;

/** A list that the server pages, searches and sorts. What is shown stands in the address, so that it can be sent to others. */
export function List<Row>({
  name,
  path,
  columns,
  keyOf,
  empty,
  fixed = {},
  filters = [],
  listed = [],
  searches,
  children,
  everyMs = 5000,
}: Props<Row>): ReactNode {
  const search: ListSearch = useSearch({ strict: false });
  const [trail, setTrail] = useState<readonly (string | undefined)[]>([]);
  const change = useListSearch();
  const asked = ['search', 'sort', 'order', 'page', ...filters].map((key) => {
    const value = search[key];
    return [key, value !== undefined && listed.includes(key) ? [value] : value] as const;
  });
  const query = { limit: perPage, ...fixed, ...Object.fromEntries(asked) };
  const page = useRead<ServerPage<Row>>(path, { query, everyMs });

  function goOn(next: string | null): void {
    if (next === null) return;
    setTrail([...trail, search['page']]);
    change({ page: next });
  }

  function goBack(): void {
    change({ page: trail.at(-1) });
    setTrail(trail.slice(0, -1));
  }

  return (
    <section aria-label={name} className="list">
      <div className="list-tools">
        {searches !== undefined && (
          <SearchBox
            label={searches}
            value={search['search'] ?? ''}
            onSearch={(text) => {
              setTrail([]);
              change({ search: text, page: undefined });
            }}
          />
        )}
        {children}
      </div>
      <Loaded of={page}>
        {({ data, next_page }) => (
          <>
            {data.length === 0 ? (
              <div className="empty">{empty}</div>
            ) : (
              <Rows
                {...{ name, columns, keyOf, search }}
                rows={data}
                busy={page.isPlaceholderData}
                onSort={change}
              />
            )}
            <nav className="row" aria-label={`Pages of ${name}`}>
              {trail.length > 0 && <Button onPress={goBack}>Previous page</Button>}
              {trail.length === 0 && search['page'] !== undefined && (
                <Button onPress={() => change({ page: undefined })}>First page</Button>
              )}
              {next_page !== null && <Button onPress={() => goOn(next_page)}>Next page</Button>}
            </nav>
          </>
        )}
      </Loaded>
    </section>
  );
}

type RowsProps<Row> = Pick<Props<Row>, 'name' | 'columns' | 'keyOf'> & {
  readonly rows: readonly Row[];
  readonly busy: boolean;
  readonly search: ListSearch;
  readonly onSort: (change: ListSearch) => void;
};

function Rows<Row>({ name, columns, keyOf, rows, busy, search, onSort }: RowsProps<Row>): ReactNode {
  return (
    <div className="table-box">
      <table aria-busy={busy}>
        <caption className="unseen">{name}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.title} column={column} search={search} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ title, cell, isNumber }) => (
                <td key={title} className={isNumber === true ? 'number' : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Changes what stands in the address about a list; undefined and the empty text take something out. */
export function useListSearch(): (change: ListSearch) => void {
  const navigate = useNavigate();
  return (change) => {
    const merge = (old: ListSearch): ListSearch => {
      const merged = Object.entries({ ...old, ...change }).filter(
        ([, value]) => value !== undefined && value !== '',
      );
      return Object.fromEntries(merged);
    };
    void navigate({ to: '.', search: merge as never });
  };
}

function Head<Row>({
  column: { title, sort, isNumber },
  search,
  onSort,
}: {
  readonly column: Column<Row>;
  readonly search: ListSearch;
  readonly onSort: (change: ListSearch) => void;
}): ReactNode {
  const className = isNumber === true ? 'number' : undefined;
  if (sort === undefined) {
    return (
      <th scope="col" className={className}>
        {title}
      </th>
    );
  }
  const chosen = search['sort'] === sort;
  const order = chosen && search['order'] !== 'asc' ? 'asc' : 'desc';
  const sorted = chosen ? (search['order'] === 'asc' ? 'ascending' : 'descending') : undefined;
  return (
    <th scope="col" className={className} aria-sort={sorted}>
      <button type="button" className="head" onClick={() => onSort({ sort, order, page: undefined })}>
        {title}
        <span aria-hidden="true">{chosen ? (search['order'] === 'asc' ? ' ↑' : ' ↓') : ''}</span>
      </button>
    </th>
  );
}
