import { type ReactNode, useState } from 'react';
import type { KeyResponse } from '../../../src/api/wire/keys.ts';
import { send } from '../http/client.ts';
import { useAction } from '../http/use-action.ts';
import { Button } from '../parts/button.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { Failure } from '../parts/failure.tsx';
import { TextField } from '../parts/field.tsx';
import { numberText } from '../parts/quantities.ts';

export const limitHint =
  'Of each process. Empty for what the server allows every key, 0 for as many as it likes.';

/** A limit as it is typed: null for none of its own. */
export function typedLimit(text: string): number | null {
  return text.trim() === '' ? null : Number(text);
}

/** How many requests a key may make, and the way to change that. */
export function KeyLimit({
  apiKey: { id, name, rate_limit_per_minute: limit, revoked_at },
}: {
  readonly apiKey: KeyResponse;
}): ReactNode {
  const [text, setText] = useState<string | null>(null);
  const change = useAction(
    (rate_limit_per_minute: number | null) => send(`/pawl/v1/keys/${id}`, { rate_limit_per_minute }),
    { changes: ['/pawl/v1/keys'], onDone: () => setText(null) },
  );
  return (
    <>
      {limit === null ? 'as for all' : limit === 0 ? 'no limit' : numberText(limit)}{' '}
      {revoked_at === null && (
        <Button look="quiet" onPress={() => setText(limit === null ? '' : String(limit))}>
          Change<span className="unseen"> the limit of {name}</span>
        </Button>
      )}
      {text !== null && (
        <Confirm
          title={`How often may ${name} ask?`}
          does="Save"
          busy={change.busy}
          onClose={() => setText(null)}
          onYes={() => void change.run(typedLimit(text))}
        >
          <TextField
            label="Requests a minute"
            type="number"
            hint={limitHint}
            value={text}
            onChange={setText}
          />
          <Failure error={change.error} />
        </Confirm>
      )}
    </>
  );
}
