import type { Versions } from '../agent/versions.ts';
import { type AgentConfig, applyOverrides } from '../core/agent-config.ts';
import type { ReadyBlock, ResultBlock } from '../core/content.ts';
import type { ModelRequest, ProviderName } from '../model/model.ts';
import type { Router } from '../model/router.ts';
import type { SessionRow } from '../store/sessions.ts';
import type { Conversations } from './conversations.ts';
import { blocksOf, isOfFile } from './file-references.ts';
import { overridesOf } from './opening.ts';
import type { Toolbox } from './toolbox.ts';
import { type ConversationEvent, transcript } from './transcript.ts';

/** Puts the bytes of files into blocks that name them. */
export type Attachments = {
  ready(blocks: readonly ResultBlock[]): Promise<readonly ReadyBlock[]>;
};

type Deps = {
  readonly conversations: Conversations;
  readonly router: Router;
  readonly attachments: Attachments;
  /** The most tokens that one reply may have. */
  readonly max_tokens: number;
};

/** What a session's model is asked, and whom. */
export type RequestPlan = {
  readonly request: ModelRequest;
  /** Null when no route serves the model any more. */
  readonly provider: ProviderName | null;
  /** The agent that the session is of. */
  readonly agent_id: string;
};

/** Puts together what the model of a session is asked next: all that was said since the last summary, and the tools. */
export async function planRequest(
  { conversations, router, attachments, max_tokens }: Deps,
  { session, config, toolbox }: { session: SessionRow; config: AgentConfig; toolbox: Toolbox },
): Promise<RequestPlan> {
  const { events, hasFiles, transcript: kept } = await conversations.read(session);
  const ready = hasFiles ? await withFiles(events, attachments) : events;
  // Files come and go, and with them what a model is told.
  const lasting = kept !== null && !hasFiles;
  const route = router.route(config.model.id);
  return {
    provider: route?.provider ?? null,
    agent_id: session.agent_id,
    request: {
      model: route?.model ?? config.model.id,
      system: config.system,
      messages: (lasting ? kept : transcript)(ready, toolbox.mcpName),
      tools: toolbox.definitions,
      effort: config.model.effort.type,
      max_tokens,
      lasting,
    },
  };
}

/** The configuration that a session runs with: its version, with its overrides laid over. */
export async function sessionConfig(versions: Versions, session: SessionRow): Promise<AgentConfig> {
  const version = await versions.require(session.agent_id, session.agent_version);
  return applyOverrides(version.config, overridesOf(session));
}

/** The events with files in their blocks, all of them together bounded by what one request may hold. */
async function withFiles<T extends ConversationEvent>(
  events: readonly T[],
  attachments: Attachments,
): Promise<readonly T[]> {
  const named = events.flatMap((event) => blocksOf(event).filter(isOfFile));
  const ready = await attachments.ready(named);
  const put = new Map<ResultBlock, ReadyBlock | undefined>(named.map((block, i) => [block, ready[i]]));
  return events.map((event) => {
    const blocks = blocksOf(event);
    if (!blocks.some(isOfFile)) return event;
    return { ...event, content: blocks.map((block) => put.get(block) ?? block) };
  });
}
