import { firstPrompt, secondPrompt } from '../../../src/cli/tutorial/prompts.ts';
import tickets from '../../../src/cli/tutorial/tickets.jsonl?raw';

/** What the example is made of: the very data that `pawl tutorial` tells its story with. */
export const example = {
  agent: 'ticket-triage',
  environment: 'ticket-triage-env',
  /** Names that are archived are never free again, so that these are only where they begin. */
  dataset: 'tutorial-tickets',
  eval: 'tutorial-triage',
  alias: 'production',
  firstPrompt,
  secondPrompt,
  /** Twenty tickets of four teams, one JSON object on each line. */
  tickets,
} as const;
