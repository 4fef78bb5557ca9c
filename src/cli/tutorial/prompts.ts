/** The teams that a ticket can belong to. The prompt names them, so that it and the tickets agree. */
export const teams = ['billing', 'auth', 'api-platform', 'dashboard'] as const;
export type Team = (typeof teams)[number];

export const priorities = ['P1', 'P2', 'P3'] as const;
export type Priority = (typeof priorities)[number];

/** The prompt of version 1. */
export const firstPrompt = `You sort the support tickets of a company that sells a usage-billed API.
Answer with one line of raw JSON and nothing around it, neither prose nor code fences:
{"team": "<${teams.join('|')}>", "priority": "<${priorities.join('|')}>"}
Choose the team by what the customer needs solved, not by the words that stand out.`;

/** What version 2 adds: a rule that is meant well, and is broader than it looks. */
export const routingRule =
  'ROUTING RULE: Whenever a ticket mentions API usage, rate limits, quotas or request volume, ' +
  'send it to api-platform. This rule comes first: do not weigh the rest of the ticket against it.';

/** The prompt of version 2. */
export const secondPrompt = `${firstPrompt}\n\n${routingRule}`;
