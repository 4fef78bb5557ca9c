import { isIP } from 'node:net';
import { isPublicAddress } from './address.ts';

/** Where a webhook may be: a URL in its plain spelling, or what is wrong with it. */
export type Target =
  | { readonly ok: true; readonly url: string }
  | { readonly ok: false; readonly problem: string };

const longest = 2048;

/**
 * Judges the URL of a webhook by itself; what its name stands for is judged when it is connected to. With
 * `allow_private`, any address will do, and plain HTTP as well.
 */
export function judgeTarget(text: string, { allow_private }: { readonly allow_private: boolean }): Target {
  const url = URL.parse(text);
  if (url === null || url.href.length > longest) return no(`must be a URL of at most ${longest} characters`);
  const schemes = allow_private ? ['https:', 'http:'] : ['https:'];
  if (!schemes.includes(url.protocol)) {
    return no(`must start with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`);
  }
  if (url.username !== '' || url.password !== '') return no('must hold no user name and no password');
  if (url.hash !== '') return no('must have no fragment');
  if (url.port === '0') return no('must have a port from 1 to 65535');
  // URL has turned every spelling of an address into the plain one.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (!allow_private && isPrivateHost(host)) {
    return no('must not be on this machine or in a private network; the operator of the server can allow it');
  }
  return { ok: true, url: url.href };
}

function isPrivateHost(host: string): boolean {
  if (isIP(host) !== 0) return !isPublicAddress(host);
  return /(^|\.)localhost\.?$/.test(host);
}

function no(problem: string): Target {
  return { ok: false, problem };
}
