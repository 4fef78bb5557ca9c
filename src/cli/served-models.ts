/** The setting that decides it; null when no routes are written down. */
type Settings = { readonly model_routes: string | null };

/** Who answers for a model id; null when nobody does. */
type Route = { readonly provider: string; readonly model: string; readonly because: string } | null;

/** What a server does with a model id, or with all that begin alike. */
export type ServedModel = {
  /** A model id, or the beginning of one followed by `*`. */
  readonly id: string;
  readonly route: Route;
};

/**
 * The rows of a server's route table, asked of its router: those that the operator wrote, or the three that
 * tell every default apart.
 */
export function servedModels(config: Settings, router: { route(id: string): Route }): ServedModel[] {
  const written = config.model_routes?.split(',').map((part) => part.slice(0, part.indexOf('=')).trim());
  const ids = new Set([...(written ?? ['offline', 'claude-*', '*']), '*']);
  return [...ids].map((id) => ({ id, route: router.route(id) }));
}

/** One row for people: which ids, who answers, and why. */
export function servedModelCells({ id, route }: ServedModel): [string, string, string] {
  const shown = id === '*' ? 'any other id' : id;
  if (route === null) return [shown, 'nobody', 'no route matches'];
  const renamed = route.model === id ? '' : ` as ${route.model}`;
  return [shown, `${route.provider}${renamed}`, route.because];
}

/**
 * Whether ids that sound like a real model's are answered by the offline one because nobody has configured a
 * provider; an operator who routes them there on purpose needs no warning.
 */
export function fallsBackToOffline(config: Settings, models: readonly ServedModel[]): boolean {
  return (
    config.model_routes === null &&
    models.some(({ id, route }) => id === '*' && route?.provider === 'offline')
  );
}

/** What to say then. */
export const offlineWarning =
  'no model provider is configured, so every model id is answered by the embedded offline model. ' +
  'Set PAWL_ANTHROPIC_API_KEY or PAWL_OPENAI_BASE_URL for a real one.';
