import { type ReactNode, useEffect, useId, useState } from 'react';

/** Long enough to type on, short enough not to wait. */
const restMs = 250;

type Props = {
  readonly label: string;
  readonly value: string;
  readonly onSearch: (text: string) => void;
};

/** Searches once somebody rests from typing. */
export function SearchBox({ label, value, onSearch }: Props): ReactNode {
  const id = useId();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onSearch(text), restMs);
    return () => clearTimeout(timer);
  });
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} type="search" value={text} onChange={(event) => setText(event.target.value)} />
    </div>
  );
}
