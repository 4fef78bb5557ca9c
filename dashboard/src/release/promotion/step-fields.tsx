import type { ReactNode } from 'react';
import { Button } from '../../parts/button.tsx';
import { newStep, type StepDraft } from './steps.ts';
import './step-fields.css';

type Props = {
  readonly steps: readonly StepDraft[];
  readonly onChange: (steps: readonly StepDraft[]) => void;
};

/** The steps of a rollout, one line each. */
export function StepFields({ steps, onChange }: Props): ReactNode {
  const change = (key: number, part: Partial<StepDraft>): void =>
    onChange(steps.map((step) => (step.key === key ? { ...step, ...part } : step)));
  function add(): void {
    const fresh = newStep(Math.max(...steps.map(({ key }) => key), 0) + 1);
    // What comes last is 100 %, and stays last.
    onChange([...steps.slice(0, -1), fresh, ...steps.slice(-1)]);
  }
  return (
    <>
      <div className="table-box">
        <table className="step-fields">
          <caption>
            Steps: what part of the new sessions gets the candidate, and what each step waits for
          </caption>
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">Share (%)</th>
              <th scope="col">At least (minutes)</th>
              <th scope="col">At least (sessions)</th>
              <th scope="col">Then</th>
              <th scope="col">
                <span className="unseen">Take away</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {steps.map((step, index) => (
              <StepRow
                key={step.key}
                step={step}
                name={`step ${index + 1}`}
                onChange={(part) => change(step.key, part)}
                onRemove={() => onChange(steps.filter(({ key }) => key !== step.key))}
              />
            ))}
          </tbody>
        </table>
      </div>
      <Button onPress={add}>Add a step</Button>
    </>
  );
}

type RowProps = {
  readonly step: StepDraft;
  readonly name: string;
  readonly onChange: (part: Partial<StepDraft>) => void;
  readonly onRemove: () => void;
};

function StepRow({ step, name, onChange, onRemove }: RowProps): ReactNode {
  const isLast = step.weight.trim() === '100';
  const field = (key: 'weight' | 'minutes' | 'sessions', label: string) => (
    <input
      type="number"
      min={0}
      aria-label={`${label} of ${name}`}
      value={step[key]}
      onChange={(event) => onChange({ [key]: event.target.value })}
    />
  );
  return (
    <tr>
      <th scope="row">{name.replace('step ', '')}</th>
      <td className="field">{field('weight', 'Share in percent')}</td>
      {isLast ? (
        <td colSpan={3} className="faint">
          the alias moves here; it waits for nothing
        </td>
      ) : (
        <>
          <td className="field">{field('minutes', 'Minutes at least')}</td>
          <td className="field">{field('sessions', 'Sessions at least')}</td>
          <td>
            <label className="check">
              <input
                type="checkbox"
                checked={step.approval}
                onChange={(event) => onChange({ approval: event.target.checked })}
              />
              ask a person<span className="unseen"> to approve {name}</span>
            </label>
          </td>
        </>
      )}
      <td>
        <Button look="quiet" onPress={onRemove}>
          Remove<span className="unseen"> {name}</span>
        </Button>
      </td>
    </tr>
  );
}
