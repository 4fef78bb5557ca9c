import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { DatasetResponse } from '../../../src/api/wire/datasets.ts';
import { useRead } from '../http/use-read.ts';
import { Choice, TextField } from '../parts/field.tsx';
import type { ServerPage } from '../parts/list.tsx';
import { Sight } from './sight.tsx';

/** What a new eval is made of, as somebody types it. A file of one says more. */
export type NewEval = {
  readonly name: string;
  /** By its name, as evals name it. */
  readonly dataset: string;
  readonly reads: 'text' | 'json' | 'tool_calls';
  /** Where the answer stands in the JSON of the reply. */
  readonly field: string;
  readonly scorer: string;
};

/** Nothing typed yet. */
export const noEval: NewEval = { name: '', dataset: '', reads: 'text', field: '', scorer: 'exact' };

/** What the server is asked to keep. */
export function newEvalOf({ name, dataset, reads, field, scorer }: NewEval, agent: string): object {
  const reply = reads === 'json' && field.trim() !== '' ? { json: field.trim() } : reads;
  return { name: name.trim(), agent, dataset, reply, scorers: [scorer] };
}

const readings = [
  { value: 'text', text: 'the whole reply' },
  { value: 'json', text: 'a field of the JSON in it' },
  { value: 'tool_calls', text: 'the tools it calls' },
];
const scorers = [
  { value: 'exact', text: 'exact: equal to what is expected' },
  { value: 'contains', text: 'contains: what is expected stands in it' },
  { value: 'numeric', text: 'numeric: the same number' },
  { value: 'set_f1', text: 'set_f1: the same set of things' },
  { value: 'edit_similarity', text: 'edit_similarity: how similar the texts are' },
  { value: 'tool_calls', text: 'tool_calls: the tools that are expected' },
];

/** Asks for a dataset and how answers to it are scored. */
export function NewEvalFields({
  value,
  epochs,
  onChange,
}: {
  readonly value: NewEval;
  /** How often each case is to be asked, as it was typed. */
  readonly epochs: string;
  readonly onChange: (value: NewEval) => void;
}): ReactNode {
  const page = useRead<ServerPage<DatasetResponse>>('/pawl/v1/datasets', { query: { limit: 100 } });
  const datasets = page.data?.data ?? [];
  return (
    <fieldset className="panel">
      <legend>A new eval</legend>
      <TextField
        label="Its name"
        hint="Letters, digits, dots, dashes and underscores."
        value={value.name}
        onChange={(name) => onChange({ ...value, name })}
      />
      <Choice
        label="Dataset"
        value={value.dataset}
        onChange={(dataset) => onChange({ ...value, dataset })}
        options={[
          { value: '', text: 'choose one' },
          ...datasets.map(({ name, revision }) => ({
            value: name,
            text: `${name} (${revision?.cases ?? 0} cases)`,
          })),
        ]}
      />
      {page.data !== undefined && datasets.length === 0 && (
        <p>
          There is no dataset yet. <Link to="/datasets/new">Bring one</Link> first.
        </p>
      )}
      {value.dataset !== '' && <Sight dataset={value.dataset} revision={null} epochs={epochs} />}
      <Choice
        label="What of the reply is the answer"
        value={value.reads}
        onChange={(reads) => onChange({ ...value, reads: reads as NewEval['reads'] })}
        options={readings}
      />
      {value.reads === 'json' && (
        <TextField
          label="The field, such as team or items[0].id"
          value={value.field}
          onChange={(field) => onChange({ ...value, field })}
        />
      )}
      <Choice
        label="How it is scored"
        value={value.scorer}
        onChange={(scorer) => onChange({ ...value, scorer })}
        options={scorers}
      />
    </fieldset>
  );
}
