import type { ReactNode } from 'react';
import { Choice } from '../../parts/field.tsx';
import { eventTypes } from './event-types.ts';

type Props = {
  /** `*` alone stands for everything. */
  readonly value: readonly string[];
  readonly onChange: (value: readonly string[]) => void;
};

/** Chooses what a webhook is told of: everything, or some of it. */
export function EventTypeFields({ value, onChange }: Props): ReactNode {
  const all = value.includes('*');
  const set = (type: string, wanted: boolean): void =>
    onChange(wanted ? [...value, type] : value.filter((one) => one !== type));
  return (
    <>
      <Choice
        label="What it is told of"
        value={all ? 'all' : 'some'}
        onChange={(which) => onChange(which === 'all' ? ['*'] : [])}
        options={[
          { value: 'all', text: 'everything, also what is not yet known' },
          { value: 'some', text: 'only what is chosen' },
        ]}
      />
      {!all &&
        eventTypes.map(({ about, types }) => (
          <fieldset key={about} className="checks">
            <legend>{about.replaceAll('_', ' ')}</legend>
            {types.map((type) => (
              <label key={type}>
                <input
                  type="checkbox"
                  checked={value.includes(type)}
                  onChange={(event) => set(type, event.target.checked)}
                />
                {type.slice(about.length + 1).replaceAll('_', ' ')}
              </label>
            ))}
          </fieldset>
        ))}
    </>
  );
}
