import type { ProviderName } from './model.ts';

// Claude up to 4.7, by the ids that the official API and other hosts of these models give them.
const withoutSystemMessages =
  /(?:^|[./])claude-(?:instant|v?[123]\b|(?:opus|sonnet|haiku)-4(?:$|[-.][0-7](?!\d)|[-@]\d{6}|-latest))/i;

/**
 * Whether a model takes system messages in the middle of a conversation. The Messages API has them for Claude Opus 4.8
 * and newer models, and answers 400 for those before. Chat Completions has always had them. `model` is the id that the
 * provider knows.
 */
export function takesSystemMessages(provider: ProviderName, model: string): boolean {
  return provider !== 'anthropic' || !withoutSystemMessages.test(model);
}
