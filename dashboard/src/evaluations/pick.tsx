import type { ReactNode } from 'react';
import { useRead } from '../http/use-read.ts';
import { Choice } from '../parts/field.tsx';
import type { ServerPage } from '../parts/list.tsx';
import { SearchBox } from '../parts/search-box.tsx';

type Named = { readonly id: string; readonly name: string };

type Props = {
  readonly label: string;
  readonly of: 'agents' | 'datasets' | 'evals';
  /** Its id; the empty text for none. */
  readonly value: string;
  readonly onChange: (id: string) => void;
  /** What no choice is called. */
  readonly none: string;
};

/** As many as somebody looks through. */
const mostOffered = 100;

/** One of an agent's, a dataset's or an eval's names; where there are too many to choose from, its id is typed. */
export function Pick({ label, of, value, onChange, none }: Props): ReactNode {
  const page = useRead<ServerPage<Named>>(`/pawl/v1/${of}`, { query: { limit: mostOffered } });
  const { data: rows = [], next_page: more = null } = page.data ?? {};
  if (more !== null) return <SearchBox label={`${label} (id)`} value={value} onSearch={onChange} />;
  const known = value === '' || rows.some(({ id }) => id === value);
  return (
    <Choice
      label={label}
      value={value}
      onChange={onChange}
      options={[
        { value: '', text: none },
        ...rows.map(({ id, name }) => ({ value: id, text: name })),
        ...(known ? [] : [{ value, text: value }]),
      ]}
    />
  );
}
