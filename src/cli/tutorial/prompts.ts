/** The prompt of version 1. */
export const firstPrompt = `You sort the support tickets of a company that sells a usage-billed API.
Answer with one line of raw JSON and nothing around it, neither prose nor code fences:
{"team": "<billing|auth|api-platform|dashboard>", "priority": "<P1|P2|P3>"}
Choose the team by what the customer needs solved, not by the words that stand out.`;

const intention =
  'ROUTING RULE: Whenever a ticket mentions API usage, rate limits, quotas or request volume, send it to api-platform';

/** The prompt of version 2, with a rule that is meant well and is broader than it looks. */
export const secondPrompt: string = `${firstPrompt}

${intention}. This rule comes first: do not weigh the rest of the ticket against it.`;

/** The prompt of version 3: the same intention, with the exception that was missing. */
export const thirdPrompt: string = `${firstPrompt}

${intention}, unless it mentions an invoice, a bill, a charge or a payment.`;

/** The prompt of version 4. Whoever wrote it had the tokens in mind that people sign in with, and forgot those they pay for. */
export const fourthPrompt: string = `${thirdPrompt}

TOKENS: Whenever a ticket mentions a token, send it to auth, which issues them.`;
