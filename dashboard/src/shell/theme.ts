/** How the pages look: as the system does, or as somebody has chosen. */
export type Theme = 'system' | 'light' | 'dark';

const themes: readonly Theme[] = ['system', 'light', 'dark'];
const storageKey = 'pawl-theme';

/** What was chosen in this browser. */
export function savedTheme(): Theme {
  const saved = localStorage.getItem(storageKey);
  return themes.find((theme) => theme === saved) ?? 'system';
}

/** Shows the pages so, and remembers it. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  localStorage.setItem(storageKey, theme);
}

/** The one that comes after another when somebody goes through them. */
export function themeAfter(theme: Theme): Theme {
  return themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system';
}
