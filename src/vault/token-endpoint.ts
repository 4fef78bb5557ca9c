import type { Answer, Ask, Question } from './ask.ts';
import type { CredentialSecrets, RefreshSettings } from './credential.ts';

/** New tokens. */
export type NewTokens = {
  readonly token: string;
  /** The refresh token that takes the place of the one before; null when that one stays good. */
  readonly refresh_token: string | null;
  /** For how many seconds the token is good; null when nobody says. */
  readonly expires_in: number | null;
};

/** What a token endpoint gave: tokens, a refusal, or no answer. */
export type Refreshed =
  | { readonly kind: 'refreshed'; readonly tokens: NewTokens }
  | { readonly kind: 'refused'; readonly answer: Answer }
  | { readonly kind: 'no_answer' };

/** Asks for a new access token. Source: RFC 6749, sections 2.3.1, 5.1 and 6; `resource` is of RFC 8707. */
export async function askForToken(
  ask: Ask,
  by: RefreshSettings & Pick<CredentialSecrets, 'client_secret'> & { readonly refresh_token: string },
  signal: AbortSignal,
): Promise<Refreshed> {
  const answer = await ask(questionOf(by, signal));
  if (answer === null) return { kind: 'no_answer' };
  const tokens = answer.status === 200 && !answer.truncated ? readTokens(answer.body) : null;
  return tokens === null ? { kind: 'refused', answer } : { kind: 'refreshed', tokens };
}

/** Whether a text can stand in an `Authorization` header as a token. */
export function isToken(text: unknown): text is string {
  return typeof text === 'string' && /^[\x21-\x7e]+$/.test(text) && text.length <= longestToken;
}

/** How long a token may be, in characters. */
export const longestToken = 8192;

function questionOf(by: Parameters<typeof askForToken>[1], signal: AbortSignal): Question {
  const { client_id, client_secret, refresh_token, resource, scope, token_endpoint } = by;
  const auth = by.token_endpoint_auth.type;
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token });
  if (scope !== null) form.set('scope', scope);
  if (resource !== null) form.set('resource', resource);
  const headers: Record<string, string> = {
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
  };
  if (auth === 'client_secret_basic') {
    headers['authorization'] = `Basic ${basicPair({ client_id, client_secret })}`;
  } else {
    form.set('client_id', client_id);
    if (auth === 'client_secret_post') form.set('client_secret', client_secret ?? '');
  }
  return { method: 'POST', url: token_endpoint, headers, body: form.toString(), signal };
}

/** What stands behind `Basic` for a client. Source: RFC 6749, section 2.3.1. */
export function basicPair({
  client_id,
  client_secret,
}: Pick<RefreshSettings, 'client_id'> & Pick<CredentialSecrets, 'client_secret'>): string {
  return Buffer.from(`${encodeForm(client_id)}:${encodeForm(client_secret ?? '')}`).toString('base64');
}

/** A text as forms spell it. */
export function encodeForm(text: string): string {
  return new URLSearchParams({ x: text }).toString().slice(2);
}

function readTokens(body: string): NewTokens | null {
  let said: Record<string, unknown>;
  try {
    said = Object(JSON.parse(body)) as Record<string, unknown>;
  } catch {
    return null;
  }
  const { access_token: token, token_type, refresh_token, expires_in } = said;
  // Another type than bearer is used in other ways than ours.
  if (!isToken(token) || (token_type != null && !/^bearer$/i.test(String(token_type)))) return null;
  const seconds = Number(expires_in ?? Number.NaN);
  return {
    token,
    refresh_token: isToken(refresh_token) ? refresh_token : null,
    expires_in: Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, longestSeconds) : null,
  };
}

/** Ten years, which is for ever. */
const longestSeconds = 315_360_000;
