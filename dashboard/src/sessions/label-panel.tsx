import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { DatasetResponse, NewCaseResponse } from '../../../src/api/wire/datasets.ts';
import type { SessionResponse } from '../../../src/api/wire/sessions.ts';
import { send } from '../http/client.ts';
import { useAction } from '../http/use-action.ts';
import { useRead } from '../http/use-read.ts';
import { Button } from '../parts/button.tsx';
import { Failure } from '../parts/failure.tsx';
import { Choice, TextField } from '../parts/field.tsx';
import type { ServerPage } from '../parts/list.tsx';
import { typedValue } from '../parts/typed-value.ts';
import { mayActAs, useMe } from '../shell/me.ts';

/** Makes a session a case of a dataset, with what should have been answered. */
export function LabelPanel({ session }: { readonly session: SessionResponse }): ReactNode {
  const [dataset, setDataset] = useState('');
  const [target, setTarget] = useState('');
  const [group, setGroup] = useState('');
  const [made, setMade] = useState<NewCaseResponse | null>(null);
  const me = useMe();
  const datasets =
    useRead<ServerPage<DatasetResponse>>('/pawl/v1/datasets', { query: { limit: 100 } }).data?.data ?? [];
  const label = useAction(
    () => {
      const body = { session_id: session.id, target: typedValue(target), ...(group === '' ? {} : { group }) };
      return send<NewCaseResponse>(`/pawl/v1/datasets/${dataset}/cases`, body);
    },
    { changes: ['/pawl/v1/datasets'], onDone: setMade },
  );
  const because = !mayActAs(me, 'editor')
    ? 'Viewers read only'
    : dataset === ''
      ? 'Choose a dataset first'
      : target.trim() === ''
        ? 'Say what is expected first'
        : null;
  return (
    <section className="panel" aria-label="Label">
      <h2>Make it a case</h2>
      <Choice
        label="Dataset"
        value={dataset}
        onChange={setDataset}
        options={[
          { value: '', text: 'choose one' },
          ...datasets.map(({ id, name }) => ({ value: id, text: name })),
        ]}
      />
      <TextField
        label="What should have been answered"
        hint={'A word, or JSON such as {"team": "billing"}.'}
        value={target}
        onChange={setTarget}
      />
      <TextField label="Group (if it has one)" value={group} onChange={setGroup} />
      <Failure error={label.error} />
      <Button busy={label.busy} disabledBecause={because} onPress={() => void label.run(undefined)}>
        Add this session as a case
      </Button>
      {made !== null && (
        <p role="status">
          {made.dataset.unchanged ? 'It was a case already' : 'It is a case now'} of{' '}
          <Link to={`/datasets/${made.dataset.id}`}>{made.dataset.name}</Link>.
        </p>
      )}
    </section>
  );
}
