import type { ReactNode } from 'react';
import { Choice } from '../parts/field.tsx';

/** What a column can be to a case, in words. Those further down few files have. */
const roles = [
  { role: 'input', text: 'What is asked' },
  { role: 'target', text: 'What should be answered' },
  { role: 'group', text: 'Group, which results are told apart by' },
  { role: 'id', text: 'Id of the case' },
  { role: 'cluster', text: 'Source that cases share, so that they do not count as independent' },
  { role: 'must_pass', text: 'Whether this one case is enough to refuse a version' },
  { role: 'weight', text: 'How much it counts' },
  { role: 'split', text: 'Split, such as train and test' },
] as const;

const firstRoles = 4;

/** Which column plays which role; a role that is absent goes by the usual names. */
export type ColumnChoice = { readonly [R in (typeof roles)[number]['role']]?: string };

type Props = {
  readonly columns: readonly string[];
  readonly value: ColumnChoice;
  readonly onChange: (value: ColumnChoice) => void;
};

/** Says which column is what, for files that call them otherwise. */
export function ColumnChoices({ columns, value, onChange }: Props): ReactNode {
  const options = [
    { value: '', text: 'by its usual name, if it is there' },
    ...columns.map((column) => ({ value: column, text: column })),
  ];
  const choice = ({ role, text }: (typeof roles)[number]): ReactNode => (
    <Choice
      key={role}
      label={text}
      value={value[role] ?? ''}
      onChange={(column) => {
        const { [role]: _, ...others } = value;
        onChange(column === '' ? others : { ...others, [role]: column });
      }}
      options={options}
    />
  );
  return (
    <fieldset className="panel">
      <legend>Which column is what</legend>
      <p className="hint">
        Columns that play no role are fields of their case; an eval can make its message of them.
      </p>
      {roles.slice(0, firstRoles).map(choice)}
      <details>
        <summary>More</summary>
        {roles.slice(firstRoles).map(choice)}
      </details>
    </fieldset>
  );
}
