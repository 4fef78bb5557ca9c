import type { Answer } from './ask.ts';
import { encodeForm } from './token-endpoint.ts';

/** An answer as a report about a credential shows it. */
export type CapturedAnswer = {
  readonly status_code: number;
  readonly content_type: string;
  /** Its beginning, without anything secret. */
  readonly body: string;
  readonly body_truncated: boolean;
};

const longest = 2000;
const removed = '[removed]';

/** What JSON and forms call things that nobody is to see, whatever their value. */
const secretFields =
  /("?(?:access_token|refresh_token|id_token|client_secret|token|assertion)"?\s*[:=]\s*)("(?:[^"\\]|\\.)*"|[^\s"&,}]+)/gi;

/**
 * An answer, cut short, and without these secrets in any spelling that they were sent in. Of an answer that is no
 * error nothing is shown: there may be a token in it that nobody has seen before.
 */
export function capture(answer: Answer, secrets: readonly string[]): CapturedAnswer {
  const { status, headers, body, truncated } = answer;
  const shown = status >= 200 && status < 300 ? '' : withoutSecrets(body, secrets);
  return {
    status_code: status,
    content_type: withoutSecrets(headers['content-type'] ?? '', secrets).slice(0, 200),
    body: shown.slice(0, longest),
    body_truncated: shown.length > longest || truncated || (shown === '' && body !== ''),
  };
}

/** A text without these secrets, and without what is named like one. */
function withoutSecrets(text: string, secrets: readonly string[]): string {
  const spellings = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    encodeForm(secret),
    JSON.stringify(secret).slice(1, -1),
  ]);
  // The longest first: what is left of one must not keep another from being found.
  const known = [...new Set(spellings)].toSorted((a, b) => b.length - a.length);
  let clean = text;
  for (const spelling of known) clean = clean.replaceAll(spelling, removed);
  return clean.replace(secretFields, `$1"${removed}"`);
}
