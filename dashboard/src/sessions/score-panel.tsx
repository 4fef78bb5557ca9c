import { type ReactNode, useState } from 'react';
import type { SessionScoreResponse } from '../../../src/api/scores.ts';
import type { SessionResponse } from '../../../src/api/wire/sessions.ts';
import { send } from '../http/client.ts';
import { useAction } from '../http/use-action.ts';
import { useRead } from '../http/use-read.ts';
import { Button } from '../parts/button.tsx';
import { Failure } from '../parts/failure.tsx';
import { TextField } from '../parts/field.tsx';
import type { ServerPage } from '../parts/list.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Time } from '../parts/time.tsx';
import { mayActAs, useMe } from '../shell/me.ts';

/** What a session was worth, as applications, scorers and people say; of several of one name the last counts. */
export function ScorePanel({ session }: { readonly session: SessionResponse }): ReactNode {
  const [name, setName] = useState('helpful');
  const [comment, setComment] = useState('');
  const me = useMe();
  const path = `/pawl/v1/sessions/${session.id}/scores`;
  const scores = useRead<ServerPage<SessionScoreResponse>>(path, { everyMs: 10_000 });
  const score = useAction(
    (value: number) => send(path, { name, value, ...(comment === '' ? {} : { comment }) }),
    { changes: [path], onDone: () => setComment('') },
  );
  const because = mayActAs(me, 'editor')
    ? name.trim() === ''
      ? 'Name it first'
      : null
    : 'Viewers read only';
  return (
    <section className="panel" aria-label="Scores">
      <h2>Scores</h2>
      <Loaded of={scores}>
        {({ data }) =>
          data.length === 0 ? (
            <p className="faint">None yet.</p>
          ) : (
            <ul>
              {data.map((one) => (
                <li key={one.id}>
                  {one.name} {one.value} <Time at={one.created_at} />
                  {one.comment !== null && `: ${one.comment}`}
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      <TextField label="What is scored" value={name} onChange={setName} />
      <TextField label="Why (if you like)" value={comment} onChange={setComment} />
      <Failure error={score.error} />
      <div className="row">
        <Button busy={score.busy} disabledBecause={because} onPress={() => void score.run(1)}>
          Good (1)
        </Button>
        <Button busy={score.busy} disabledBecause={because} onPress={() => void score.run(0.5)}>
          So so (0.5)
        </Button>
        <Button busy={score.busy} disabledBecause={because} onPress={() => void score.run(0)}>
          Bad (0)
        </Button>
      </div>
    </section>
  );
}
