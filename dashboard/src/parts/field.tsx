import { type ReactNode, useId } from 'react';

type Props = {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly value: string;
  readonly onChange: (value: string) => void;
};

/** A line of text with its name above. */
export function TextField({
  label,
  hint,
  value,
  onChange,
  type = 'text',
  required = false,
  autoComplete = 'off',
  list,
}: Props & {
  readonly type?: 'text' | 'password' | 'search' | 'number' | 'url' | 'date';
  readonly required?: boolean;
  readonly autoComplete?: string;
  /** The id of a list of what is likely to be typed. */
  readonly list?: string;
}): ReactNode {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type={type}
        value={value}
        required={required}
        autoComplete={autoComplete}
        list={list}
        spellCheck={false}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
      />
      {hint !== undefined && (
        <p id={`${id}-hint`} className="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

/** Many lines of text with their name above. */
export function TextArea({
  label,
  hint,
  value,
  onChange,
  rows = 6,
  mono = false,
}: Props & { readonly rows?: number; readonly mono?: boolean }): ReactNode {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        rows={rows}
        value={value}
        className={mono ? 'mono' : undefined}
        spellCheck={!mono}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
      />
      {hint !== undefined && (
        <p id={`${id}-hint`} className="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

/** One of several values with its name above; the empty text is the first, where nothing has to be chosen. */
export function Choice({
  label,
  value,
  onChange,
  options,
}: Omit<Props, 'hint'> & {
  readonly options: readonly { readonly value: string; readonly text: string }[];
}): ReactNode {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text}
          </option>
        ))}
      </select>
    </div>
  );
}
