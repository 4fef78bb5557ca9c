import { type ReactNode, useState } from 'react';
import type { DatasetResponse, NewCaseResponse } from '../../../src/api/wire/datasets.ts';
import { send } from '../http/client.ts';
import { useAction } from '../http/use-action.ts';
import { Button } from '../parts/button.tsx';
import { TextArea, TextField } from '../parts/field.tsx';
import { typedValue } from '../parts/typed-value.ts';
import { mayActAs, useMe } from '../shell/me.ts';
import { Complaints } from './complaints.tsx';

const nothing = { input: '', target: '', group: '', id: '' };

/** Adds one case, which makes the next revision. */
export function AddCase({ dataset: { id, name } }: { readonly dataset: DatasetResponse }): ReactNode {
  const [fields, setFields] = useState(nothing);
  const [made, setMade] = useState<NewCaseResponse | null>(null);
  const me = useMe();
  const add = useAction(
    ({ input, target, group, id: case_id }: typeof nothing) =>
      send<NewCaseResponse>(`/pawl/v1/datasets/${id}/cases`, {
        input,
        target: target.trim() === '' ? null : typedValue(target),
        ...(group === '' ? {} : { group }),
        ...(case_id === '' ? {} : { id: case_id }),
      }),
    {
      changes: ['/pawl/v1/datasets'],
      onDone: (result) => {
        setFields(nothing);
        setMade(result);
      },
    },
  );
  const because = !mayActAs(me, 'editor')
    ? 'Viewers read only'
    : fields.input.trim() === ''
      ? 'Say what is asked first'
      : null;
  const set = (change: Partial<typeof nothing>): void => setFields({ ...fields, ...change });
  return (
    <details className="panel">
      <summary>Add a case by hand</summary>
      <form
        className="narrow"
        onSubmit={(event) => {
          event.preventDefault();
          void add.run(fields);
        }}
      >
        <TextArea label="What is asked" rows={3} value={fields.input} onChange={(input) => set({ input })} />
        <TextField
          label="What should be answered"
          hint={'A word, or JSON such as {"team": "billing"}.'}
          value={fields.target}
          onChange={(target) => set({ target })}
        />
        <TextField
          label="Group (if cases have one)"
          value={fields.group}
          onChange={(group) => set({ group })}
        />
        <TextField
          label="Id (if you like)"
          hint="One that is there already is replaced."
          value={fields.id}
          onChange={(case_id) => set({ id: case_id })}
        />
        <Complaints error={add.error} />
        <div className="row">
          <Button submits busy={add.busy} disabledBecause={because}>
            Add the case
          </Button>
          {because !== null && <span className="faint">{because}</span>}
        </div>
        {made !== null && (
          <p role="status">
            {made.dataset.unchanged
              ? `${made.id} was a case of ${name} already.`
              : `${made.id} is a case of ${name} now.`}
          </p>
        )}
      </form>
    </details>
  );
}
