import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { EvalResponse } from '../../../../src/api/evals.ts';
import { useRead } from '../../http/use-read.ts';
import { Choice, TextField } from '../../parts/field.tsx';
import type { ServerPage } from '../../parts/list.tsx';
import { Loaded } from '../../parts/loaded.tsx';

type Props = {
  /** Evals that were made for this agent come first. */
  readonly agentId: string;
  readonly value: string;
  readonly onChange: (named: string) => void;
  /** What the empty choice says. */
  readonly none?: string;
};

/** Which eval has to pass; its name is typed where there are too many to choose from. */
export function EvalChoice({ agentId, value, onChange, none = 'choose one' }: Props): ReactNode {
  const evals = useRead<ServerPage<EvalResponse>>('/pawl/v1/evals', { query: { limit: 100 } });
  const label = 'Eval that has to pass';
  return (
    <Loaded of={evals}>
      {({ data, next_page }) => {
        const isOwn = ({ definition }: EvalResponse): number => (definition.agent === agentId ? 0 : 1);
        // What runs elsewhere says nothing about versions of this server.
        const fitting = data
          .filter(({ definition }) => definition.endpoint === null)
          .toSorted((a, b) => isOwn(a) - isOwn(b));
        if (next_page !== null) {
          return <TextField label={label} hint="Its name or id." value={value} onChange={onChange} />;
        }
        if (fitting.length === 0 && none === 'choose one') {
          return (
            <p className="notice">
              No eval yet. An eval says how cases are asked and scored, and what a candidate has to show.{' '}
              <Link to="/evaluations">Evaluations</Link> have all of them.
            </p>
          );
        }
        return (
          <Choice
            label={label}
            value={value}
            onChange={onChange}
            options={[
              { value: '', text: none },
              ...fitting.map(({ id, name, definition }) => ({
                value: id,
                text: `${name} (${definition.dataset.name})`,
              })),
            ]}
          />
        );
      }}
    </Loaded>
  );
}
