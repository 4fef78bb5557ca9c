import { setTimeout as wait } from 'node:timers/promises';
import type { App } from './http.ts';

/** Why a process wants no requests just now. */
export type NotReady = 'starting' | 'draining' | 'database_unavailable';

type Deps = {
  /** Rejects when the database cannot be written to. */
  readonly probe: () => Promise<void>;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: () => number;
};

/** An answer is good for so long, however many ask. */
const freshMs = 1000;
/** A database that takes longer is no use to those who wait. */
const probeTimeoutMs = 2000;

/** Whether this process wants requests: not before it has started, not while it drains, nor without its database. */
export function createReadiness({ probe, elapsed }: Deps) {
  let phase: 'starting' | 'serving' | 'draining' = 'starting';
  let asking: Promise<boolean> | null = null;
  let askedAt = 0;

  /** Whether the database can be written to, as it was found a moment ago. */
  function isUsable(): Promise<boolean> {
    if (asking === null || elapsed() - askedAt >= freshMs) {
      askedAt = elapsed();
      asking = withinTime(probe());
    }
    return asking;
  }

  return {
    /** Everything has started. */
    start(): void {
      if (phase === 'starting') phase = 'serving';
    },

    /** From here on no more requests are wanted; those under way are still answered. */
    drain(): void {
      phase = 'draining';
    },

    /** Why no requests are wanted; null when they are. */
    async reason(): Promise<NotReady | null> {
      if (phase !== 'serving') return phase;
      const usable = await isUsable();
      return usable ? null : 'database_unavailable';
    },
  };
}

export type Readiness = ReturnType<typeof createReadiness>;

/** For those who start and stop processes. Neither asks for a key, and neither says more than a word. */
export function healthRoutes(app: App, deps: { readonly readiness: Readiness }): void {
  const open = { config: { open: true, unlimited: true } } as const;

  app.get('/healthz', open, async (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ status: 'ok' }),
  );

  app.get('/readyz', open, async (_request, reply) => {
    const reason = await deps.readiness.reason();
    reply.header('cache-control', 'no-store');
    if (reason === null) return reply.send({ status: 'ready' });
    return reply.status(503).send({ status: 'not_ready', reason });
  });
}

async function withinTime(probing: Promise<void>): Promise<boolean> {
  const patience = new AbortController();
  const late = wait(probeTimeoutMs, false, { signal: patience.signal, ref: false }).catch(() => false);
  const usable = probing.then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([usable, late]);
  } finally {
    patience.abort();
  }
}
