import type {
  BidirectionalPageCursorResponse,
  PageCursorResponse,
  PageResponse,
} from '@anthropic-ai/sdk/core/pagination';
import type { ModelInfo } from '@anthropic-ai/sdk/resources';
import type {
  BetaEnvironment,
  BetaEnvironmentDeleteResponse,
  BetaManagedAgentsAgent,
  BetaManagedAgentsDeletedSession,
  BetaManagedAgentsSession,
  BetaModelInfo,
} from '@anthropic-ai/sdk/resources/beta';
import type { BetaDeletedFile, BetaFileMetadata } from '@anthropic-ai/sdk/resources/beta/files';
import type {
  BetaManagedAgentsSessionThread,
  BetaManagedAgentsStreamSessionThreadEvents,
} from '@anthropic-ai/sdk/resources/beta/sessions';
import type {
  BetaManagedAgentsSendSessionEvents,
  BetaManagedAgentsSessionEvent,
  BetaManagedAgentsStreamSessionEvents,
} from '@anthropic-ai/sdk/resources/beta/sessions/events';
import type {
  BetaManagedAgentsCredential,
  BetaManagedAgentsCredentialValidation,
  BetaManagedAgentsDeletedCredential,
  BetaManagedAgentsDeletedVault,
  BetaManagedAgentsVault,
} from '@anthropic-ai/sdk/resources/beta/vaults';
import type { DeletedFile, FileMetadata } from '@anthropic-ai/sdk/resources/files';
import type { ModelPageResponse } from '../src/api/models.ts';
import type { AgentResponse } from '../src/api/wire/agents.ts';
import type { EnvironmentResponse } from '../src/api/wire/environments.ts';
import type { FileDeletedResponse, FileListResponse, FileResponse } from '../src/api/wire/files.ts';
import type { ModelResponse } from '../src/api/wire/models.ts';
import type { SessionResponse } from '../src/api/wire/sessions.ts';
import type { ThreadResponse } from '../src/api/wire/threads.ts';
import type { CredentialResponse, ValidationResponse, VaultResponse } from '../src/api/wire/vaults.ts';
import type { ClientEventBody, EventBody } from '../src/core/events.ts';
import type { BidirectionalPage, Page } from '../src/core/page.ts';
import type { PreviewEvent } from '../src/session/previews.ts';

/** What the SDK declares has no `readonly`, which says nothing about what goes over the wire. */
type Mutable<T> = T extends readonly (infer Item)[]
  ? Mutable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Mutable<T[Key]> }
    : T;

/** Compiles only when what we answer is what the SDK says it gets. The argument that is asked for names the two. */
function fits<Ours, Theirs>(
  ..._misfit: Mutable<Ours> extends Theirs ? [] : [ours: Mutable<Ours>, theirs: Theirs]
): true {
  return true;
}

type Placed<Body, Time> = Body extends unknown
  ? Body & { readonly id: string; readonly processed_at: Time }
  : never;

/** An event of a history, or one that is queued for it. */
type WireEvent = Placed<EventBody, string> | Placed<ClientEventBody, string | null>;
type SentEvent = Placed<ClientEventBody, string | null>;
type DeletedEvent = { readonly id: string; readonly type: 'session.deleted'; readonly processed_at: string };

/** Each route of the API, and that its answer is of the published type. */
export const responses: Readonly<Record<string, true>> = {
  'POST /v1/agents': fits<AgentResponse, BetaManagedAgentsAgent>(),
  'GET /v1/agents': fits<Page<AgentResponse>, PageCursorResponse<BetaManagedAgentsAgent>>(),
  'GET /v1/agents/:id': fits<AgentResponse, BetaManagedAgentsAgent>(),
  'POST /v1/agents/:id': fits<AgentResponse, BetaManagedAgentsAgent>(),
  'POST /v1/agents/:id/archive': fits<AgentResponse, BetaManagedAgentsAgent>(),
  'GET /v1/agents/:id/versions': fits<Page<AgentResponse>, PageCursorResponse<BetaManagedAgentsAgent>>(),

  'GET /v1/models': fits<ModelPageResponse, PageResponse<ModelInfo> & PageResponse<BetaModelInfo>>(),
  'GET /v1/models/:id': fits<ModelResponse, ModelInfo & BetaModelInfo>(),

  'POST /v1/environments': fits<EnvironmentResponse, BetaEnvironment>(),
  'GET /v1/environments': fits<Page<EnvironmentResponse>, PageCursorResponse<BetaEnvironment>>(),
  'GET /v1/environments/:id': fits<EnvironmentResponse, BetaEnvironment>(),
  'POST /v1/environments/:id': fits<EnvironmentResponse, BetaEnvironment>(),
  'POST /v1/environments/:id/archive': fits<EnvironmentResponse, BetaEnvironment>(),
  'DELETE /v1/environments/:id': fits<
    { readonly id: string; readonly type: 'environment_deleted' },
    BetaEnvironmentDeleteResponse
  >(),

  'POST /v1/files': fits<FileResponse, FileMetadata & BetaFileMetadata>(),
  'GET /v1/files': fits<FileListResponse, PageCursorResponse<FileMetadata & BetaFileMetadata>>(),
  'GET /v1/files/:id': fits<FileResponse, FileMetadata & BetaFileMetadata>(),
  // The bytes themselves, of which the SDK says no more.
  'GET /v1/files/:id/content': true,
  'DELETE /v1/files/:id': fits<FileDeletedResponse, DeletedFile & BetaDeletedFile>(),

  'POST /v1/vaults': fits<VaultResponse, BetaManagedAgentsVault>(),
  'GET /v1/vaults': fits<Page<VaultResponse>, PageCursorResponse<BetaManagedAgentsVault>>(),
  'GET /v1/vaults/:id': fits<VaultResponse, BetaManagedAgentsVault>(),
  'POST /v1/vaults/:id': fits<VaultResponse, BetaManagedAgentsVault>(),
  'POST /v1/vaults/:id/archive': fits<VaultResponse, BetaManagedAgentsVault>(),
  'DELETE /v1/vaults/:id': fits<
    { readonly id: string; readonly type: 'vault_deleted' },
    BetaManagedAgentsDeletedVault
  >(),
  'POST /v1/vaults/:id/credentials': fits<CredentialResponse, BetaManagedAgentsCredential>(),
  'GET /v1/vaults/:id/credentials': fits<
    Page<CredentialResponse>,
    PageCursorResponse<BetaManagedAgentsCredential>
  >(),
  'GET /v1/vaults/:id/credentials/:credential_id': fits<CredentialResponse, BetaManagedAgentsCredential>(),
  'POST /v1/vaults/:id/credentials/:credential_id': fits<CredentialResponse, BetaManagedAgentsCredential>(),
  'POST /v1/vaults/:id/credentials/:credential_id/archive': fits<
    CredentialResponse,
    BetaManagedAgentsCredential
  >(),
  'POST /v1/vaults/:id/credentials/:credential_id/mcp_oauth_validate': fits<
    ValidationResponse,
    BetaManagedAgentsCredentialValidation
  >(),
  'DELETE /v1/vaults/:id/credentials/:credential_id': fits<
    { readonly id: string; readonly type: 'vault_credential_deleted' },
    BetaManagedAgentsDeletedCredential
  >(),

  'POST /v1/sessions': fits<SessionResponse, BetaManagedAgentsSession>(),
  'GET /v1/sessions': fits<
    BidirectionalPage<SessionResponse>,
    BidirectionalPageCursorResponse<BetaManagedAgentsSession>
  >(),
  'GET /v1/sessions/:id': fits<SessionResponse, BetaManagedAgentsSession>(),
  'POST /v1/sessions/:id': fits<SessionResponse, BetaManagedAgentsSession>(),
  'POST /v1/sessions/:id/archive': fits<SessionResponse, BetaManagedAgentsSession>(),
  'DELETE /v1/sessions/:id': fits<
    { readonly id: string; readonly type: 'session_deleted' },
    BetaManagedAgentsDeletedSession
  >(),

  'POST /v1/sessions/:id/events': fits<
    { readonly data: readonly SentEvent[] },
    BetaManagedAgentsSendSessionEvents
  >(),
  'GET /v1/sessions/:id/events': fits<Page<WireEvent>, PageCursorResponse<BetaManagedAgentsSessionEvent>>(),
  'GET /v1/sessions/:id/events/stream': fits<
    WireEvent | DeletedEvent | PreviewEvent,
    BetaManagedAgentsStreamSessionEvents
  >(),

  'GET /v1/sessions/:id/threads': fits<
    Page<ThreadResponse>,
    PageCursorResponse<BetaManagedAgentsSessionThread>
  >(),
  'GET /v1/sessions/:id/threads/:thread_id': fits<ThreadResponse, BetaManagedAgentsSessionThread>(),
  'POST /v1/sessions/:id/threads/:thread_id/archive': fits<ThreadResponse, BetaManagedAgentsSessionThread>(),
  'GET /v1/sessions/:id/threads/:thread_id/events': fits<
    Page<WireEvent>,
    PageCursorResponse<BetaManagedAgentsSessionEvent>
  >(),
  'GET /v1/sessions/:id/threads/:thread_id/stream': fits<
    WireEvent | DeletedEvent | PreviewEvent,
    BetaManagedAgentsStreamSessionThreadEvents
  >(),
};
