import type { Price } from '../model/prices.ts';
import type { Endpoint, EndpointAddress } from './endpoint.ts';

/** What can be asked of an endpoint in its thread; settling and asking are calls like the others. */
export type EndpointMethod = keyof Endpoint;

/** What the thread of the endpoints is told. `endpoint` numbers the open ones, `call` the calls. */
export type ToThread =
  | {
      readonly type: 'open';
      readonly endpoint: number;
      readonly address: EndpointAddress;
      readonly prices: readonly Price[];
    }
  | {
      readonly type: 'call';
      readonly endpoint: number;
      readonly call: number;
      readonly method: EndpointMethod;
      readonly args: readonly unknown[];
    }
  | { readonly type: 'abort'; readonly call: number }
  | { readonly type: 'close'; readonly endpoint: number };

/** What it says. */
export type FromThread =
  | { readonly type: 'done'; readonly call: number; readonly value: unknown }
  | {
      readonly type: 'failed';
      readonly call: number;
      readonly message: string;
      /** Of an EndpointError; undefined for any other error. */
      readonly status: number | null | undefined;
    }
  | { readonly type: 'throttled'; readonly endpoint: number };
