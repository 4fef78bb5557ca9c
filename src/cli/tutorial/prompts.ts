/** The teams that a ticket can belong to. The prompt names them, so that it and the tickets agree. */
export const teams = ['billing', 'auth', 'api-platform', 'dashboard'] as const;
export type Team = (typeof teams)[number];

export const priorities = ['P1', 'P2', 'P3'] as const;
export type Priority = (typeof priorities)[number];

/** The prompt of version 1. */
export const firstPrompt = `You are a support-ticket triage agent for a usage-billed API product.
Read the ticket and respond with ONLY a single line of raw JSON (no code fences, no prose):
{"team": "<${teams.join('|')}>", "priority": "<${priorities.join('|')}>"}
Route based on the customer's actual problem, not surface keywords.`;

/** What version 2 adds: a rule that is meant well, and is broader than it looks. */
export const routingRule =
  'ROUTING RULE: If the ticket text mentions API usage, rate limits, quotas, ' +
  'or request volume, route to api-platform. Apply this rule before any other ' +
  'consideration; do not second-guess it based on the rest of the ticket.';

/** The prompt of version 2. */
export const secondPrompt = `${firstPrompt}\n\n${routingRule}`;
