import { lookup as resolveName } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isPublicAddress } from './address.ts';

/** Finds the addresses of a name, as Node's own `lookup` does. */
export type Resolve = typeof resolveName;

/** The name was found, and stands for no address that may be connected to. */
export class AddressError extends Error {}

/**
 * The `lookup` of a socket: it looks names up, and keeps to itself the addresses that are not out in the internet,
 * unless `allow_private`. What it gives is what the socket connects to, so that a name cannot stand for one address
 * when it is judged and for another one later. `resolve` is absent to ask the system.
 */
export function guardLookup(options: {
  readonly allow_private: boolean;
  readonly resolve?: Resolve;
}): LookupFunction {
  const { allow_private, resolve = resolveName } = options;
  return (hostname, asked, callback) => {
    resolve(hostname, { ...asked, all: true }, (error, found) => {
      if (error !== null) return callback(error, '');
      const open = found.filter(({ address }) => allow_private || isPublicAddress(address));
      const [first] = open;
      if (first === undefined) callback(new AddressError(`${hostname} has no address in the internet`), '');
      else if (asked.all === true) callback(null, open);
      else callback(null, first.address, first.family);
    });
  };
}
