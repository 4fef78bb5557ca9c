import type { Store } from '../store/dialect.ts';
import { listConversation } from '../store/events.ts';
import type { SessionRow } from '../store/sessions.ts';
import type { PlacedEvent } from './compaction.ts';
import { blocksOf, isOfFile } from './file-references.ts';
import { type ConversationEvent, growingTranscript } from './transcript.ts';

/** What was said in a session. */
export type Conversation = {
  readonly events: readonly PlacedEvent[];
  /** Whether any of them names a file. */
  readonly hasFiles: boolean;
  /** What a model is told of them, kept for the next time; null when the conversation is not kept. */
  readonly transcript: ReturnType<typeof growingTranscript> | null;
};

type Kept = {
  readonly context_from: number;
  /** Up to which place of the history it was read. */
  readonly upTo: number;
  readonly events: readonly PlacedEvent[];
  readonly hasFiles: boolean;
  readonly transcript: ReturnType<typeof growingTranscript>;
  /** In characters, of which what models are told of it may take as many again. */
  readonly size: number;
};

/** Those that are shorter are read as fast as they are found. */
const fewestKept = 16;
/** How many characters are kept of all of them together. */
const mostKept = 16_000_000;

/**
 * What was said in sessions, for their next request. Long conversations that were read last are kept: what is written in a
 * history never changes, so only what has come since is read, parsed and put together again.
 */
export function createConversations(store: Store) {
  const kept = new Map<string, Kept>();
  let size = 0;

  function forget(sessionId: string): void {
    size -= kept.get(sessionId)?.size ?? 0;
    kept.delete(sessionId);
  }

  /** Says whether it is kept. */
  function keep(sessionId: string, conversation: Kept): boolean {
    forget(sessionId);
    if (conversation.events.length < fewestKept || conversation.size > mostKept) return false;
    kept.set(sessionId, conversation);
    size += conversation.size;
    for (const oldest of kept.keys()) {
      if (size <= mostKept) break;
      forget(oldest);
    }
    return true;
  }

  return {
    /** What was said in a session from its last summary on, at least up to where its row says that the history goes. */
    async read({ id, context_from, last_seq }: SessionRow): Promise<Conversation> {
      const known = kept.get(id);
      const before = known?.context_from === context_from ? known : null;
      const rows = await listConversation(store.db, id, before === null ? context_from : before.upTo + 1);
      const read = rows.map((row) => ({ ...(JSON.parse(row.data) as ConversationEvent), seq: row.seq }));
      const events = before === null ? read : before.events.concat(read);
      const added = rows.reduce((sum, { data }) => sum + data.length, 0);
      const upTo = Math.max(last_seq, rows.at(-1)?.seq ?? 0);
      const transcript = before?.transcript ?? growingTranscript();
      const size = (before?.size ?? 0) + added;
      const hasFiles = before?.hasFiles === true || read.some((event) => blocksOf(event).some(isOfFile));
      const isKept = keep(id, { context_from, upTo, events, hasFiles, transcript, size });
      return { events, hasFiles, transcript: isKept ? transcript : null };
    },
  };
}

export type Conversations = ReturnType<typeof createConversations>;
