import { AddressError } from './guarded-lookup.ts';

/** Why a request got no answer. */
export const connectFailures = [
  'address_not_allowed',
  'name_not_found',
  'tls_failed',
  'timed_out',
  'connection_failed',
] as const;
export type ConnectFailure = (typeof connectFailures)[number];

/** The word for an error of a request that got no answer. */
export function failureOf(error: Error): ConnectFailure {
  if (error instanceof AddressError) return 'address_not_allowed';
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'timed_out';
  const code = 'code' in error ? String(error.code) : '';
  if (['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NONAME'].includes(code)) return 'name_not_found';
  return tlsCode.test(code) ? 'tls_failed' : 'connection_failed';
}

/** As Node and OpenSSL name what is wrong with a certificate, or with how it was shown. */
const tlsCode = /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH)/;
