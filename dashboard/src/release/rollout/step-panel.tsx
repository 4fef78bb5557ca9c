import { type ReactNode, useEffect, useState } from 'react';
import type { RolloutResponse } from '../../../../src/api/rollouts.ts';
import { Badge } from '../../parts/badge.tsx';
import { Time } from '../../parts/time.tsx';
import { earliestStep, stepNeeds } from './step-needs.ts';

/** The steps, which of them it is at, what that waits for, and when the next one can be. */
export function StepPanel({ rollout }: { readonly rollout: RolloutResponse }): ReactNode {
  const { settings, step, ended_at, status } = rollout;
  const isOn = ended_at === null;
  return (
    <section className="panel" aria-label="Steps">
      <h2>Steps</h2>
      <ol className="steps">
        {settings.steps.map(({ weight }, index) => (
          <li key={weight} aria-current={isOn && index === step - 1 ? 'step' : undefined}>
            {weight} %
            <span className="unseen">
              {index < step - 1 || status === 'completed' ? ', done' : index === step - 1 ? ', now' : ''}
            </span>
          </li>
        ))}
      </ol>
      {isOn ? <Waiting rollout={rollout} /> : <p>It is over, at step {step}.</p>}
    </section>
  );
}

function Waiting({ rollout }: { readonly rollout: RolloutResponse }): ReactNode {
  const { settings, step, pause, decision, next_look_at } = rollout;
  const now = useNow(1000);
  const next = settings.steps[step];
  const earliest = earliestStep(rollout);
  return (
    <>
      {pause !== null && (
        <div className="notice notice-warn" role="status">
          <p>
            <strong>Paused</strong> by {pause.by === 'pawl' ? 'the server' : pause.by},{' '}
            <Time at={pause.since} />: {pause.reason}
          </p>
          <p>{whatHelps[pause.cause]}</p>
        </div>
      )}
      {next !== undefined && earliest !== null && (
        <>
          <p>
            Next: {next.weight === 100 ? 'the alias moves, and everybody gets it' : `${next.weight} %`},{' '}
            {earliest > now ? (
              <>
                <Time at={new Date(earliest).toISOString()} /> at the earliest.
              </>
            ) : (
              'as soon as all of this is there.'
            )}
          </p>
          <ul className="needs">
            {stepNeeds(rollout, now).map(({ text, isThere }) => (
              <li key={text}>
                {text} <Badge tone={isThere ? 'good' : 'calm'}>{isThere ? 'there' : 'not yet'}</Badge>
              </li>
            ))}
          </ul>
        </>
      )}
      <p className="faint">
        {decision !== null && `What the last look found: ${decision.reason}. `}
        {next_look_at !== null && (
          <>The next look is due {Date.parse(next_look_at) > now ? <Time at={next_look_at} /> : 'now'}.</>
        )}
      </p>
    </>
  );
}

const whatHelps = {
  person: 'Resume it when it may go on.',
  signal: 'Look at what is worse below; then resume it, go on, or take it back.',
  sample_ratio: 'Nothing can be concluded. Abort it, find the cause, and try again.',
  no_traffic: 'Nobody has used the candidate for a day. Resume it when there are sessions again.',
  approval: 'Somebody who neither asked for it nor wrote it approves the step.',
  inconclusive: 'The evidence does not tell. Go on, wait longer by resuming it, or take it back.',
  blocked: 'Its promotion lacks something. See to that, and resume it.',
} as const satisfies Record<NonNullable<RolloutResponse['pause']>['cause'], string>;

/** The time in milliseconds, anew every so many. */
function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
