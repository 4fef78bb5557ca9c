import { useNavigate, useSearch } from '@tanstack/react-router';
import { type ReactNode, useId, useState } from 'react';
import type { DatasetChangeResponse } from '../../../src/api/wire/datasets.ts';
import { upload, withQuery } from '../http/client.ts';
import { useAction } from '../http/use-action.ts';
import { Button } from '../parts/button.tsx';
import { TextField } from '../parts/field.tsx';
import type { ListSearch } from '../parts/list.tsx';
import { Page } from '../parts/page.tsx';
import { numberText } from '../parts/quantities.ts';
import { mayActAs, useMe } from '../shell/me.ts';
import { type CaseFileFormat, columnsOf, contentTypes, formatOf, nameOf } from './case-file.ts';
import { type ColumnChoice, ColumnChoices } from './column-choices.tsx';
import { Complaints } from './complaints.tsx';

/** A file that somebody has chosen, and what was seen at its beginning. */
type Chosen = {
  readonly file: File;
  readonly format: CaseFileFormat | null;
  readonly columns: readonly string[];
};

/** What of a file is looked at for its columns, in bytes. */
const beginningBytes = 256 * 1024;

/** Makes a dataset from a file, or the next revision of one. */
export function ImportPage(): ReactNode {
  const { name: given = '' }: ListSearch = useSearch({ strict: false });
  const [name, setName] = useState(given);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [mapping, setMapping] = useState<ColumnChoice>({});
  const me = useMe();
  const navigate = useNavigate();
  const bring = useAction(
    ({ file, format }: { readonly file: File; readonly format: CaseFileFormat }) =>
      upload<DatasetChangeResponse>(
        withQuery('/pawl/v1/datasets/import', { name: name.trim(), ...mapping }),
        file,
        contentTypes[format],
      ),
    {
      changes: ['/pawl/v1/datasets'],
      onDone: ({ id, unchanged }) =>
        void navigate({ to: `/datasets/${id}`, search: (unchanged ? { same: 'true' } : {}) as never }),
    },
  );

  async function choose(file: File | undefined): Promise<void> {
    bring.reset();
    setMapping({});
    if (file === undefined) return setChosen(null);
    const format = formatOf(file.name);
    const columns = format === null ? [] : columnsOf(await file.slice(0, beginningBytes).text(), format);
    setChosen({ file, format, columns });
    if (name === '') setName(nameOf(file.name));
  }

  const because = mayActAs(me, 'editor') ? whyNot(chosen, name) : 'Viewers read only';
  return (
    <Page
      title={given === '' ? 'New dataset' : `New revision of ${given}`}
      under={[{ text: 'Datasets', to: '/datasets' }]}
    >
      <p>
        A dataset holds cases: what is asked of an agent, and what should be answered. Bring a file with one
        JSON object on each line (.jsonl), or a table (.csv) with the names of its columns in the first row.
        {given !== '' && ' What the dataset held before stays as it was, as a revision of its own.'}
      </p>
      <form
        className="narrow"
        onSubmit={(event) => {
          event.preventDefault();
          if (chosen !== null && chosen.format !== null)
            void bring.run({ file: chosen.file, format: chosen.format });
        }}
      >
        <FileField chosen={chosen} onChoose={(file) => void choose(file)} />
        {given === '' && (
          <TextField
            label="Name"
            hint="Letters, digits, dots, dashes and underscores. The name of a dataset that is there makes its next revision."
            value={name}
            onChange={setName}
            required
          />
        )}
        {chosen !== null && chosen.columns.length > 0 && (
          <ColumnChoices columns={chosen.columns} value={mapping} onChange={setMapping} />
        )}
        <Complaints error={bring.error} />
        <div className="row">
          <Button look="main" submits busy={bring.busy} disabledBecause={because}>
            {bring.busy ? 'Reading the file…' : given === '' ? 'Make the dataset' : 'Make the revision'}
          </Button>
          {because !== null && <span className="faint">{because}</span>}
        </div>
      </form>
    </Page>
  );
}

function whyNot(chosen: Chosen | null, name: string): string | null {
  if (chosen === null) return 'Choose a file first';
  if (chosen.format === null) return 'The name of the file has to end with .jsonl, .ndjson or .csv';
  return name.trim() === '' ? 'Name it first' : null;
}

function FileField({
  chosen,
  onChoose,
}: {
  readonly chosen: Chosen | null;
  readonly onChoose: (file: File | undefined) => void;
}): ReactNode {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>File</label>
      <input
        id={id}
        type="file"
        accept=".jsonl,.ndjson,.csv"
        aria-describedby={`${id}-hint`}
        onChange={(event) => onChoose(event.target.files?.[0])}
      />
      <p id={`${id}-hint`} className="hint">
        {chosen === null
          ? 'It is read by the server, and checked before anything is changed.'
          : `${numberText(Math.ceil(chosen.file.size / 1024))} KiB${chosen.columns.length === 0 ? '' : `, with ${chosen.columns.join(', ')}`}`}
      </p>
    </div>
  );
}
