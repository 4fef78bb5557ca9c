import { type ReactNode, useState } from 'react';
import type { SessionResponse } from '../../../src/api/wire/sessions.ts';
import { send } from '../http/client.ts';
import { useAction } from '../http/use-action.ts';
import { Button } from '../parts/button.tsx';
import { Failure } from '../parts/failure.tsx';
import { TextArea } from '../parts/field.tsx';
import { mayActAs, useMe } from '../shell/me.ts';

/** Goes on with a session, or interrupts it. */
export function SaySomething({ session }: { readonly session: SessionResponse }): ReactNode {
  const [text, setText] = useState('');
  const me = useMe();
  const path = `/v1/sessions/${session.id}`;
  const post = useAction((event: object) => send(`${path}/events`, { events: [event] }), {
    changes: [path],
    onDone: () => setText(''),
  });
  const notAllowed = mayActAs(me, 'editor') ? null : 'Viewers read only';
  const over = whyOver(session);
  return (
    <section className="panel" aria-label="Go on">
      <TextArea label="Say something to the agent" rows={2} value={text} onChange={setText} />
      <Failure error={post.error} />
      <div className="row">
        <Button
          look="main"
          busy={post.busy}
          disabledBecause={notAllowed ?? over ?? (text.trim() === '' ? 'Write something first' : null)}
          onPress={() => void post.run({ type: 'user.message', content: [{ type: 'text', text }] })}
        >
          Send
        </Button>
        <Button
          look="danger"
          disabledBecause={notAllowed ?? (session.status === 'running' ? null : 'Nothing is under way')}
          onPress={() => void post.run({ type: 'user.interrupt' })}
        >
          Interrupt
        </Button>
      </div>
    </section>
  );
}

function whyOver({ archived_at, status, pawl }: SessionResponse): string | null {
  if (archived_at !== null) return 'The session is archived';
  if (status === 'terminated') return 'The session has ended';
  return pawl.stopped_at === null ? null : 'Its version was rolled back, and it takes no more messages';
}
