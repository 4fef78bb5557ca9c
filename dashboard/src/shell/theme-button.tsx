import { type ReactNode, useState } from 'react';
import { applyTheme, savedTheme, themeAfter } from './theme.ts';

/** Goes through the looks: as the system has it, light, dark. */
export function ThemeButton(): ReactNode {
  const [theme, setTheme] = useState(savedTheme);
  const next = themeAfter(theme);
  return (
    <button
      type="button"
      className="button button-quiet"
      onClick={() => {
        applyTheme(next);
        setTheme(next);
      }}
    >
      <span className="unseen">Look: </span>
      {theme}
    </button>
  );
}
