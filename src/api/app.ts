import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Audit } from '../access/audit.ts';
import type { Keys } from '../access/keys.ts';
import type { SignIns } from '../access/sign-ins.ts';
import type { Agents } from '../agent/agents.ts';
import type { Environments } from '../agent/environments.ts';
import type { Clock } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Evaluation } from '../eval/evaluation.ts';
import type { Shadows } from '../eval/shadow/shadows.ts';
import type { Files } from '../file/files.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Router } from '../model/router.ts';
import type { Release } from '../release/release.ts';
import type { History } from '../session/history.ts';
import type { Hub } from '../session/hub.ts';
import type { Inbox } from '../session/inbox.ts';
import type { Previews } from '../session/previews.ts';
import type { RetentionRules } from '../session/retention/rules.ts';
import type { Scores } from '../session/scores.ts';
import type { Sessions } from '../session/sessions.ts';
import type { Store } from '../store/dialect.ts';
import type { Vaults } from '../vault/vaults.ts';
import type { Webhooks } from '../webhook/webhooks.ts';
import { agentRoutes } from './agents.ts';
import { aliasRoutes } from './aliases.ts';
import { auditRoutes } from './audit.ts';
import { authenticate, type KeyLimits, type KeyPolicy } from './auth.ts';
import { backtestRoutes } from './backtests.ts';
import { backupRoutes } from './backup.ts';
import { calibrationRoutes } from './calibrations.ts';
import { comparisonRoutes } from './comparisons.ts';
import { costRoutes } from './costs.ts';
import { dashboardRoutes } from './dashboard.ts';
import { datasetRoutes } from './datasets.ts';
import { environmentRoutes } from './environments.ts';
import { sendError, toPawlError } from './errors.ts';
import { evalRunRoutes } from './eval-runs.ts';
import { evalRoutes } from './evals.ts';
import { eventRoutes } from './events.ts';
import { fileRoutes } from './files.ts';
import { healthRoutes, type Readiness } from './health.ts';
import { type App, newApp } from './http.ts';
import { type InFlightLimits, limitInFlight } from './in-flight.ts';
import { keyRoutes } from './keys.ts';
import { type MetricsText, metricsRoute } from './metrics.ts';
import { modelRoutes } from './models.ts';
import { observeRequests } from './observed.ts';
import { ofrepRoutes } from './ofrep.ts';
import { openapiRoutes } from './openapi.ts';
import { overviewRoutes } from './overviews.ts';
import { promotionRoutes } from './promotions.ts';
import { reportRoutes } from './reports.ts';
import { retentionRoutes } from './retention.ts';
import { rolloutRoutes } from './rollouts.ts';
import { scoreRoutes } from './scores.ts';
import { serverStatusRoutes } from './server-status.ts';
import { sessionRoutes } from './sessions.ts';
import { shadowRoutes } from './shadows.ts';
import { sightRoutes } from './sights.ts';
import { signInRoutes } from './sign-in.ts';
import { statRoutes } from './stats.ts';
import { streamRoutes } from './stream.ts';
import { threadRoutes } from './threads.ts';
import { vaultRoutes } from './vaults.ts';
import { createWatchStreams } from './watch.ts';
import { webhookRoutes } from './webhooks.ts';
import type { ServerStatus } from './wire/server.ts';

type Deps = {
  readonly agents: Agents;
  readonly environments: Environments;
  readonly sessions: Sessions;
  readonly scores: Scores;
  readonly inbox: Inbox;
  readonly history: History;
  readonly hub: Hub;
  readonly previews: Previews;
  readonly keys: Keys;
  readonly sign_ins: SignIns;
  readonly audit: Audit;
  readonly files: Files;
  readonly retention: RetentionRules;
  readonly router: Router;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly metricsText: MetricsText;
  readonly readiness: Readiness;
  readonly store: Store;
  readonly evaluation: Evaluation;
  readonly shadows: Shadows;
  readonly release: Release;
  readonly vaults: Vaults;
  readonly webhooks: Webhooks;
  /** What the server is and how it does. */
  readonly serverStatus: () => Promise<ServerStatus>;
  /** Begins a backup of everything, as the bytes of a file. */
  readonly backup: () => Promise<Readable>;
  readonly key_policy: KeyPolicy;
  /** Addresses and networks of the proxies that are believed about whom they ask for. */
  readonly trusted_proxies: readonly string[];
  /** The folder of the dashboard's files; null where none is served. */
  readonly dashboard: string | null;
  readonly ping_ms: number;
};

/** The HTTP side of the server, not yet listening. */
export function createApp(deps: Deps & KeyLimits & InFlightLimits): App {
  const app = newApp(deps.ids, deps.trusted_proxies);
  observeRequests(app, deps);
  limitInFlight(app as unknown as FastifyInstance, deps);
  const door = authenticate(app as unknown as FastifyInstance, { ...deps, policy: deps.key_policy });
  app.setErrorHandler((error, request, reply) => answerError(deps.log, error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0]?.slice(0, 200);
    sendError(
      reply,
      new PawlError('route_not_found', `${request.method} ${path} is not a route of this server`),
    );
  });
  openapiRoutes(app);
  healthRoutes(app, deps);
  metricsRoute(app, deps);
  if (deps.dashboard !== null) dashboardRoutes(app, deps.dashboard);
  agentRoutes(app, deps.agents);
  overviewRoutes(app, deps);
  environmentRoutes(app, deps.environments);
  vaultRoutes(app, deps.vaults);
  sessionRoutes(app, deps);
  ofrepRoutes(app, deps);
  scoreRoutes(app, deps);
  modelRoutes(app, deps);
  costRoutes(app, deps);
  retentionRoutes(app, deps);
  eventRoutes(app, deps);
  streamRoutes(app, deps);
  threadRoutes(app, deps);
  fileRoutes(app, deps.files);
  signInRoutes(app, { ...deps, door });
  keyRoutes(app, deps);
  aliasRoutes(app, deps.release);
  promotionRoutes(app, deps.release);
  auditRoutes(app, deps.audit);
  backupRoutes(app, deps);
  serverStatusRoutes(app, deps);
  webhookRoutes(app, deps.webhooks);
  const watch_streams = createWatchStreams(deps);
  app.addHook('preClose', async () => watch_streams.close());
  const room = { ...deps.evaluation, store: deps.store, watch_streams };
  rolloutRoutes(app, { rollouts: deps.release.rollouts, watch_streams });
  datasetRoutes(app, room.datasets);
  sightRoutes(app, room.datasets);
  evalRoutes(app, room.evals);
  evalRunRoutes(app, room);
  comparisonRoutes(app, room);
  calibrationRoutes(app, room);
  backtestRoutes(app, room.backtests);
  shadowRoutes(app, deps.shadows);
  statRoutes(app);
  reportRoutes(app, room);
  return app;
}

function answerError(log: Log, thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = toPawlError(thrown);
  if (error.entry.status >= 500) log.error({ request_id: request.id, err: thrown }, 'A request failed');
  sendError(reply, error);
}
