import type { ReactNode } from 'react';
import { Button } from '../parts/button.tsx';

type Props = { readonly prompt: string; readonly onInsert: (text: string) => void };

/** Parts that prompts of a router or a classifier are made of. */
const building = [
  {
    name: 'Who it is',
    why: 'One sentence on the task keeps everything else in place.',
    text: 'You route customer tickets to the team that can solve them.',
  },
  {
    name: 'Labels, each with a description',
    why: 'A label without a description is guessed at; say what belongs there, and what does not.',
    text: 'Teams:\n- billing: invoices, refunds, payment methods.\n- auth: log-ins, passwords, permissions.',
  },
  {
    name: 'A rule for what is near the border',
    why: 'A rule moves cases. Measure every group afterwards, also those that it does not name.',
    text: 'Rule: a ticket about being charged after a cancellation goes to billing, even if it mentions a log-in.',
  },
  {
    name: 'An example',
    why: 'One example says more than a paragraph about it.',
    text: 'Example:\nTicket: I was charged twice this month.\nAnswer: {"team": "billing", "priority": "P2"}',
  },
  {
    name: 'What the answer looks like',
    why: 'Scorers read the answer; a fixed shape keeps them from guessing.',
    text: 'Answer with JSON and nothing else: {"team": "<billing|auth>", "priority": "<P1|P2|P3>"}',
  },
] as const;

/** Help with a prompt: parts to put in, and what looks like a mistake. */
export function PromptHelp({ prompt, onInsert }: Props): ReactNode {
  const slots = [...new Set(prompt.match(/\{\{\s*[\w.-]+\s*\}\}/g) ?? [])];
  return (
    <>
      {slots.length > 0 && (
        <p className="notice notice-warn" role="status">
          {slots.join(', ')}: nothing is filled in here; the model is sent these letters as they stand. What
          differs from session to session belongs into the message.
        </p>
      )}
      <details className="panel">
        <summary>Help with the prompt</summary>
        <dl>
          {building.map(({ name, why, text }) => (
            <div key={name}>
              <dt>
                <strong>{name}</strong>{' '}
                <Button look="quiet" onPress={() => onInsert(text)}>
                  Insert<span className="unseen"> {name}</span>
                </Button>
              </dt>
              <dd>
                {why}
                <pre className="faint">{text}</pre>
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  );
}
