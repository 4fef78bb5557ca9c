import { PawlError } from '../core/errors.ts';
import type { Store } from '../store/dialect.ts';
import { deleteEvalObject, findEvalObject, insertEvalObject } from '../store/evals.ts';
import type { Endpoint, EndpointAddress } from './endpoint.ts';

/** Where runs may send their cases: this server, and what its operator has named. */
export type Endpoints = {
  /** The address behind a name; null is this server. @throws PawlError `invalid_request` when there is none. */
  address(name: string | null): EndpointAddress;
};

/** The endpoints of a configuration; `own` is this server, which knows its address once it listens. */
export function createEndpoints(
  named: ReadonlyMap<string, EndpointAddress>,
  own: () => EndpointAddress,
): Endpoints {
  return {
    address(name) {
      if (name === null) return own();
      const address = named.get(name);
      if (address !== undefined) return address;
      const known = named.size === 0 ? 'none is configured' : `known are ${[...named.keys()].join(', ')}`;
      throw new PawlError('invalid_request', `endpoint: there is no endpoint ${name}; ${known}`);
    },
  };
}

/**
 * Reads the endpoints and their keys, as `name=URL,other=URL` and `name=key`. Throws an Error whose sentence names
 * the part that cannot be read, and never a key.
 */
export function parseEndpoints(urls: string | null, keys: string | null): Map<string, EndpointAddress> {
  const byName = new Map(pairs(keys).map(({ name, value }) => [name, value]));
  const found = new Map<string, EndpointAddress>();
  for (const { name, value } of pairs(urls)) {
    if (!/^https?:$/.test(URL.parse(value)?.protocol ?? '')) {
      throw new Error(`The eval endpoint "${name}" must have a URL that starts with http:// or https://.`);
    }
    const api_key = byName.get(name);
    if (api_key === undefined)
      throw new Error(`The eval endpoint "${name}" has no key among the endpoint keys.`);
    found.set(name, { base_url: value.replace(/\/+$/, ''), api_key });
  }
  return found;
}

function pairs(text: string | null): { name: string; value: string }[] {
  if (text === null) return [];
  return text.split(',').map((part, i) => {
    const cut = part.indexOf('=');
    const name = part.slice(0, Math.max(0, cut)).trim();
    if (!/^[\w.-]{1,64}$/.test(name)) {
      throw new Error(`Part ${i + 1} of the eval endpoints or their keys must have the form "name=value".`);
    }
    return { name, value: part.slice(cut + 1).trim() };
  });
}

const environmentName = 'pawl-eval';

/** The environment that evaluation uses at an endpoint when an eval names none: made once, and then remembered. */
export async function evalEnvironment(
  { store, now }: { readonly store: Store; readonly now: () => string },
  { name, endpoint }: { readonly name: string; readonly endpoint: Endpoint },
): Promise<string> {
  const key = { endpoint: name, kind: 'environment', name: environmentName, hash: '' };
  const known = await findEvalObject(store.db, key);
  if (known !== null) {
    if (await endpoint.hasEnvironment(known.object_id)) return known.object_id;
    await store.write((tx) => deleteEvalObject(tx, known.object_id));
  }
  const object_id = await endpoint.createEnvironment(environmentName);
  await store.write((tx) => insertEvalObject(tx, { ...key, object_id, version: null, created_at: now() }));
  return (await findEvalObject(store.db, key))?.object_id ?? object_id;
}
