import { createAgents } from '../agent/agents.ts';
import { createEnvironments } from '../agent/environments.ts';
import { createVersions } from '../agent/versions.ts';
import { createAttachments } from '../file/attachments.ts';
import type { Files } from '../file/files.ts';
import type { Mcp } from '../mcp/mcp.ts';
import { observedRouter } from '../model/observed.ts';
import { defaultRetryLimits } from '../model/retry.ts';
import { createAsking } from '../session/asking.ts';
import { createFollowing } from '../session/following.ts';
import { createHistory } from '../session/history.ts';
import { createHub } from '../session/hub.ts';
import { createInbox } from '../session/inbox.ts';
import { createJournal } from '../session/journal.ts';
import { observedTurns } from '../session/observed-turns.ts';
import { createPreviews } from '../session/previews.ts';
import { createScores } from '../session/scores.ts';
import { createSessions } from '../session/sessions.ts';
import { createStopping } from '../session/stopping.ts';
import { createSystemMessageCheck } from '../session/system-messages.ts';
import { createToolboxes } from '../session/toolbox.ts';
import { createTurns } from '../session/turn.ts';
import { createTurnRecord } from '../session/turn-record.ts';
import { requireRoomForTurn } from '../session/waiting-turns.ts';
import { createWorker } from '../session/worker.ts';
import type { Config } from '../settings.ts';
import { listEvents, listInboxBetween } from '../store/events.ts';
import type { Vaults } from '../vault/vaults.ts';
import type { Notify } from '../webhook/notify.ts';
import type { Parts } from './parts.ts';

/** Agents, sessions, and the worker that runs their turns. */
export function sessionRooms(
  config: Config,
  parts: Parts & {
    readonly notify: Notify;
    readonly vaults: Vaults;
    readonly files: Files;
    readonly mcp: Mcp;
  },
) {
  const { store, router, prices, vaults, files } = parts;
  const max_rounds = config.max_tool_rounds;
  const serves = (model: string): boolean => router.route(model) !== null;
  const versions = createVersions(store);
  const agents = createAgents({ ...parts, versions, serves });
  const environments = createEnvironments(parts);
  const hub = createHub({
    ...parts,
    readAfter: (id, seq) => listEvents(store.db, id, { filter: {}, order: 'asc', after: seq, limit: 1000 }),
    readQueued: (id, between) => listInboxBetween(store.db, id, between),
  });
  const previews = createPreviews({ ...parts, elapsed: () => performance.now() });
  const journal = createJournal({ ...parts, hub });
  const record = createTurnRecord({ ...parts, journal, max_rounds });
  const asked = createTurns({
    ...{ ...parts, versions, record, max_tokens: config.model_max_tokens, hasPrice: prices.hasPrice },
    ...{ toolboxes: createToolboxes(parts), attachments: createAttachments(files) },
    asking: createAsking({
      ...{ ...parts, previews, record, costOf: prices.costOf, random: Math.random },
      router: observedRouter(router, parts.telemetry),
      retries: { ...defaultRetryLimits, max_retries: config.model_max_retries },
    }),
  });
  const turns = observedTurns(asked, parts.telemetry);
  const { max_turns, max_turns_per_agent } = config;
  const worker = createWorker({
    ...{ ...parts, journal, turns, record, hub, max_turns },
    max_turns_per_agent: max_turns_per_agent ?? max_turns,
  });
  const requireFiles = files.requireAll;
  const max_waiting = config.max_waiting_turns;
  const requireTurn = (): void => requireRoomForTurn({ ...worker.load(), max_waiting });
  const sessions = createSessions({
    ...{ ...parts, hub, journal, agents, environments, versions, serves, requireFiles },
    ...{ hasPrice: prices.hasPrice, requireVaults: vaults.requireUsable },
    ...{ onUncertain: worker.adopt, requireRoomForTurn: requireTurn },
  });
  const inbox = createInbox({
    ...{ ...parts, journal, max_rounds, requireFiles },
    requireSystemMessages: createSystemMessageCheck({ ...parts, versions }),
    ...{ onInterrupt: worker.interrupt, onUncertain: worker.adopt, requireRoomForTurn: requireTurn },
  });
  const stopping = createStopping({
    ...{ ...parts, journal },
    ...{ created: sessions.created, onInterrupt: worker.interrupt },
  });
  const scores = createScores(parts);
  return {
    agents,
    environments,
    versions,
    sessions,
    scores,
    inbox,
    history: createHistory(parts),
    following: createFollowing({ ...parts, hub }),
    hub,
    previews,
    worker,
    stopping,
  };
}
