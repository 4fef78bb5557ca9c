import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Progress } from './loading.ts';
import { steps } from './steps.ts';

type Props = { readonly progress: Progress | undefined; readonly busy: boolean };

/** The parts of the example: which are there, with the way to them, and which is being made. */
export function StepList({ progress, busy }: Props): ReactNode {
  const done = progress?.done ?? 0;
  return (
    <ol className="steps">
      {steps.map(({ title, why, to }, at) => {
        const state = at < done ? 'done' : at === done && busy ? 'busy' : 'waits';
        return (
          <li key={title} className={`step step-${state}`}>
            <span className="step-mark" aria-hidden="true">
              {state === 'done' ? '✓' : at + 1}
            </span>
            <div>
              {state === 'done' && progress !== undefined ? (
                <Link to={to(progress.made)}>{title}</Link>
              ) : (
                title
              )}{' '}
              <span className="faint">{words[state]}</span>
              <p className="faint">{why}</p>
            </div>
          </li>
        );
      })}
    </ol>
  );
}

const words = { done: '(done)', busy: '(being made)', waits: '' } as const;
