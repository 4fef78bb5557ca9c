import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { ApiError, send } from '../http/client.ts';
import { useAction } from '../http/use-action.ts';
import { Button } from '../parts/button.tsx';
import { Failure } from '../parts/failure.tsx';
import { TextField } from '../parts/field.tsx';

/** Where an API key is exchanged for a cookie, which no script can read. */
export function SignIn(): ReactNode {
  const [key, setKey] = useState('');
  const { next }: { next?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const enter = useAction((secret: string) => send('/pawl/v1/sign_in', { key: secret }), {
    onDone: () => {
      queries.clear();
      void navigate({ href: placeAfter(next), replace: true });
    },
  });
  useEffect(() => {
    document.title = 'Sign in · Pawl';
  }, []);

  return (
    <main className="sign-in">
      <h1>Pawl</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void enter.run(key.trim());
        }}
      >
        <TextField
          label="API key"
          type="password"
          value={key}
          onChange={setKey}
          required
          autoComplete="current-password"
          hint="The first one is shown when the server starts for the first time; an admin can make more."
        />
        <Failure error={explained(enter.error)} />
        <Button look="main" submits busy={enter.busy}>
          Sign in
        </Button>
      </form>
    </main>
  );
}

/** What programs are told of a wrong key is about headers. */
function explained(error: Error | null): Error | null {
  if (!(error instanceof ApiError) || error.code !== 'authentication') return error;
  return new Error(
    'This key opens nothing here. See whether all of it was copied, or ask an admin for another.',
  );
}

/** A place of these pages and nothing else: an address from elsewhere could lead anywhere. */
function placeAfter(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) ? next : '/';
}
