import { type ReactNode, useState } from 'react';
import type { NewKeyResponse } from '../../../src/api/wire/keys.ts';
import { send } from '../http/client.ts';
import { useAction } from '../http/use-action.ts';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Failure } from '../parts/failure.tsx';
import { Choice, TextField } from '../parts/field.tsx';
import type { Role } from '../shell/me.ts';
import { limitHint, typedLimit } from './key-limit.tsx';
import { roleMeanings } from './roles.tsx';

type Props = {
  readonly onMade: (key: NewKeyResponse) => void;
  readonly onClose: () => void;
};

const roles = Object.keys(roleMeanings) as Role[];
const roleOptions = roles.map((role) => ({ value: role, text: role }));

/** Makes a key for somebody, or for a program. */
export function NewKeyDialog({ onMade, onClose }: Props): ReactNode {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('editor');
  const [end, setEnd] = useState('');
  const [limit, setLimit] = useState('');
  const make = useAction((body: object) => send<NewKeyResponse>('/pawl/v1/keys', body), {
    changes: ['/pawl/v1/keys'],
    onDone: onMade,
  });
  return (
    <Dialog title="New key" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void make.run({
            name: name.trim(),
            role,
            rate_limit_per_minute: typedLimit(limit),
            ...(end === '' ? {} : { expires_at: `${end}T23:59:59Z` }),
          });
        }}
      >
        <TextField
          label="Whose key it is"
          hint="A person, or a program. It stands beside everything that is done with it."
          value={name}
          onChange={setName}
          required
        />
        <Choice
          label="Role"
          value={role}
          onChange={(value) => setRole(roles.find((one) => one === value) ?? 'viewer')}
          options={roleOptions}
        />
        <p className="hint">
          {roleMeanings[role]}
          {role !== 'viewer' && '; and what the roles before it may do'}
        </p>
        <TextField
          label="Last day (if it has one)"
          type="date"
          hint="It opens nothing after the end of that day, UTC."
          value={end}
          onChange={setEnd}
        />
        <TextField
          label="Requests a minute"
          type="number"
          hint={limitHint}
          value={limit}
          onChange={setLimit}
        />
        <Failure error={make.error} />
        <div className="row row-end">
          <Button onPress={onClose}>Cancel</Button>
          <Button
            look="main"
            submits
            busy={make.busy}
            disabledBecause={name.trim() === '' ? 'Say whose key it is first' : null}
          >
            Make the key
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
