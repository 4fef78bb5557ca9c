import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { EvalResponse } from '../../../src/api/evals.ts';
import type { DatasetResponse } from '../../../src/api/wire/datasets.ts';
import { useRead } from '../http/use-read.ts';
import { Choice } from '../parts/field.tsx';
import type { ServerPage } from '../parts/list.tsx';
import { counted } from '../parts/quantities.ts';
import { Sight } from './sight.tsx';

/** The evals that there are, those of an agent first; null until they are known. */
export function useEvals(agent: string): readonly EvalResponse[] | null {
  const page = useRead<ServerPage<EvalResponse>>('/pawl/v1/evals', { query: { limit: 100 } });
  if (page.data === undefined) return null;
  const isOwn = ({ definition }: EvalResponse): boolean => definition.agent === agent;
  const { data } = page.data;
  return [...data.filter(isOwn), ...data.filter((one) => !isOwn(one))];
}

type Props = {
  readonly evals: readonly EvalResponse[] | null;
  readonly value: string;
  /** How often each case is to be asked, as it was typed. */
  readonly epochs: string;
  readonly onChange: (id: string) => void;
};

type FactsProps = { readonly of: EvalResponse; readonly epochs: string };

/** Which eval is run, with what it asks and what it could see. */
export function EvalChoice({ evals, value, epochs, onChange }: Props): ReactNode {
  const chosen = evals?.find(({ id }) => id === value);
  return (
    <>
      <Choice
        label="Eval"
        value={value}
        onChange={onChange}
        options={[
          ...(evals ?? []).map(({ id, name, definition }) => ({
            value: id,
            text: `${name} (${definition.dataset.name})`,
          })),
          { value: 'new', text: 'a new one…' },
        ]}
      />
      {chosen !== undefined && <EvalFacts key={chosen.id} of={chosen} epochs={epochs} />}
    </>
  );
}

function EvalFacts({ of: { definition }, epochs: asked }: FactsProps): ReactNode {
  const { dataset, scorers, epochs } = definition;
  const path = `/pawl/v1/datasets/${encodeURIComponent(dataset.name)}`;
  const cases = useRead<DatasetResponse>(path, { query: { revision: dataset.revision } }).data;
  return (
    <>
      <dl className="facts">
        <dt>Dataset</dt>
        <dd>
          {cases === undefined ? dataset.name : <Link to={`/datasets/${cases.id}`}>{dataset.name}</Link>}
          {cases?.revision != null && `, ${counted(cases.revision.cases, 'case')}`}
        </dd>
        <dt>Scored by</dt>
        <dd>{scorers.map(({ name }) => name).join(', ')}</dd>
        <dt>Asked</dt>
        <dd>
          {epochs === null
            ? 'each case 5 times where there are fewer than 100, else 3 times'
            : epochs === 1
              ? 'each case once'
              : `each case ${epochs} times`}
        </dd>
      </dl>
      <Sight
        dataset={dataset.name}
        revision={dataset.revision}
        epochs={asked !== '' || epochs === null ? asked : String(epochs)}
      />
    </>
  );
}
