import { useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { KeyResponse, NewKeyResponse } from '../../../src/api/wire/keys.ts';
import { send } from '../http/client.ts';
import { Badge } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { ConfirmedButton } from '../parts/confirmed-button.tsx';
import { Choice } from '../parts/field.tsx';
import { type Column, List, type ListSearch, useListSearch } from '../parts/list.tsx';
import { Time } from '../parts/time.tsx';
import { useMe } from '../shell/me.ts';
import { AdminsOnly, useWhyNoAdmin } from './admins-only.tsx';
import { KeyLimit } from './key-limit.tsx';
import { NewKeyDialog } from './new-key-dialog.tsx';
import { OperationsPage } from './operations-page.tsx';
import { RoleTable, roleMeanings } from './roles.tsx';
import { ShownOnce } from './shown-once.tsx';

const path = '/pawl/v1/keys';

/** Who may come in, and what they may do. */
export function KeysPage(): ReactNode {
  const [asking, setAsking] = useState(false);
  const [made, setMade] = useState<NewKeyResponse | null>(null);
  const because = useWhyNoAdmin();
  return (
    <OperationsPage
      title="Keys and roles"
      actions={
        <Button look="main" disabledBecause={because} onPress={() => setAsking(true)}>
          New key
        </Button>
      }
    >
      <AdminsOnly what="keys">
        <KeyList />
      </AdminsOnly>
      <RoleTable />
      {asking && (
        <NewKeyDialog
          onClose={() => setAsking(false)}
          onMade={(key) => {
            setAsking(false);
            setMade(key);
          }}
        />
      )}
      {made !== null && (
        <ShownOnce
          title={`The key of ${made.name}`}
          name="API key"
          secret={made.secret}
          onClose={() => setMade(null)}
        >
          <p>
            {made.name} comes in with it as {made.role}: to these pages, and with any program.
          </p>
        </ShownOnce>
      )}
    </OperationsPage>
  );
}

const roleOptions = [
  { value: '', text: 'any' },
  ...Object.keys(roleMeanings).map((role) => ({ value: role, text: role })),
];

function KeyList(): ReactNode {
  const search: ListSearch = useSearch({ strict: false });
  const change = useListSearch();
  const me = useMe();
  const columns: readonly Column<KeyResponse>[] = [
    {
      title: 'Whose',
      cell: ({ id, name }) => (
        <>
          {name} {id === me?.key_id && <Badge tone="note">yours</Badge>}
        </>
      ),
    },
    { title: 'Role', cell: ({ role }) => role },
    { title: 'Ends with', cell: ({ hint }) => <code>…{hint}</code> },
    { title: 'State', cell: (key) => <State apiKey={key} /> },
    { title: 'Requests a minute', cell: (key) => <KeyLimit apiKey={key} /> },
    { title: 'Made', cell: ({ created_at }) => <Time at={created_at} /> },
    {
      title: 'Actions',
      cell: (key) => key.revoked_at === null && <Revoke apiKey={key} isOwn={key.id === me?.key_id} />,
    },
  ];
  return (
    <List
      name="Keys"
      path={path}
      columns={columns}
      keyOf={({ id }) => id}
      searches="A part of the name"
      filters={['role']}
      empty="No key here."
    >
      <Choice
        label="Role"
        value={search['role'] ?? ''}
        onChange={(role) => change({ role, page: undefined })}
        options={roleOptions}
      />
    </List>
  );
}

type KeyProps = { readonly apiKey: KeyResponse };

function State({ apiKey: { revoked_at, expires_at } }: KeyProps): ReactNode {
  if (revoked_at !== null) {
    return (
      <>
        <Badge tone="calm">{revoked_at === expires_at ? 'expired' : 'revoked'}</Badge>{' '}
        <Time at={revoked_at} />
      </>
    );
  }
  if (expires_at === null) return <Badge tone="good">open</Badge>;
  return (
    <>
      <Badge tone="good">open</Badge> until <Time at={expires_at} />
    </>
  );
}

function Revoke({ apiKey: { id, name, hint }, isOwn }: KeyProps & { readonly isOwn: boolean }): ReactNode {
  return (
    <ConfirmedButton
      does="Revoke"
      what={`the key of ${name}`}
      title={`Revoke the key of ${name}?`}
      because={null}
      work={() => send(`${path}/${id}/revoke`)}
      changes={[path]}
    >
      <p>
        Whoever uses the key that ends with <code>{hint}</code>, a person or a program, is refused from now
        on. It cannot be taken back.
      </p>
      {isOwn && (
        <p>
          <strong>You are signed in with it, and are signed out by this.</strong>
        </p>
      )}
    </ConfirmedButton>
  );
}
