import type { FastifyInstance } from 'fastify';
import { PawlError } from '../core/errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the answer is a stream that stays open; those are counted apart from requests. */
    readonly stream?: true;
    /** Whether whoever watches over the server asks for it: it is answered however much is under way. */
    readonly unlimited?: true;
  }
}

export type InFlightLimits = {
  /** How many requests are answered side by side, streams aside. */
  readonly max_requests: number;
  /** How many streams are open side by side. */
  readonly max_streams: number;
};

/** How long a process that is about to end waits for requests under way. */
const patienceMs = 5000;

/**
 * Turns requests away while as many are under way as this process takes on. One is under way until its connection has
 * all of the answer, or is gone. When the process ends, those under way are answered first: what they have asked for may
 * be done already, and whoever hears nothing asks for it again.
 */
export function limitInFlight(app: FastifyInstance, { max_requests, max_streams }: InFlightLimits): void {
  const requests = { open: 0, most: max_requests, name: 'requests under way' };
  let onNone = (): void => {};
  const streams = { open: 0, most: max_streams, name: 'streams open' };
  app.addHook('onRequest', (request, reply, done) => {
    const { unlimited, stream } = request.routeOptions.config;
    if (unlimited === true) return done();
    const kind = stream === true ? streams : requests;
    if (kind.open >= kind.most) {
      const message = `This process has ${kind.most} ${kind.name}, and takes no more at once; try again`;
      return done(new PawlError('overloaded', message, { retry_after_s: 1 }));
    }
    kind.open++;
    reply.raw.once('close', () => {
      kind.open--;
      if (requests.open === 0) onNone();
    });
    done();
  });
  app.addHook('preClose', async () => {
    if (requests.open === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    onNone = resolve;
    const timer = setTimeout(resolve, patienceMs);
    await promise;
    clearTimeout(timer);
  });
}
