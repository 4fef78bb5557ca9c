import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { forgetDrafts } from '../agents/kept-draft.ts';
import { send } from '../http/client.ts';
import { useAction } from '../http/use-action.ts';
import { Button } from '../parts/button.tsx';
import { useMe } from './me.ts';

/** Whose rights these pages have, and the way out. */
export function WhoIsHere(): ReactNode {
  const me = useMe();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const leave = useAction(() => send('/pawl/v1/sign_out'), {
    onDone: () => {
      void navigate({ to: '/sign-in' });
      queries.clear();
      forgetDrafts();
    },
  });
  if (me === undefined) return null;
  return (
    <>
      <span className="who">
        {me.name} <span className="faint">({me.role})</span>
      </span>
      {me.how === 'sign_in' && (
        <Button look="quiet" busy={leave.busy} onPress={() => void leave.run(undefined)}>
          Sign out
        </Button>
      )}
    </>
  );
}
