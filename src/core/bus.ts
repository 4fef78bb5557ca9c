/** What the processes that share a database tell each other. It may be lost: whoever listens also looks for itself. */
export type Signal =
  /** Events of a session are committed, up to this place in its history. */
  | { readonly type: 'events'; readonly session_id: string; readonly seq: number }
  /** Client events wait in a session's inbox, from one position to another. */
  | { readonly type: 'queued'; readonly session_id: string; readonly from: number; readonly to: number }
  | { readonly type: 'deleted'; readonly session_id: string; readonly event: string }
  /** The turn of a session is to end, as long as it is at this attempt. */
  | { readonly type: 'interrupt'; readonly session_id: string; readonly attempt: number }
  /** Somebody wants to see replies of a session while they are written. */
  | { readonly type: 'followed'; readonly session_id: string }
  | {
      readonly type: 'preview';
      readonly session_id: string;
      readonly span_id: string;
      readonly event_id: string;
      /** Null when the request is over. */
      readonly piece: { readonly text: string; readonly index: number; readonly place: number } | null;
    }
  /** There is work in a queue. */
  | { readonly type: 'work'; readonly queue: string }
  /** A job is to be broken off, because its subject has moved on from this attempt. */
  | { readonly type: 'stop'; readonly queue: string; readonly subject: string; readonly attempt: number }
  /** A thing that is watched has changed. */
  | { readonly type: 'changed'; readonly kind: string; readonly id: string }
  /** Whoever does this is to look what there is to do. */
  | { readonly type: 'wake'; readonly duty: string };

export type SignalOf<T extends Signal['type']> = Extract<Signal, { type: T }>;

/** The line between processes. What a process says, it does not hear itself. */
export type Bus = {
  /** Whether anybody else may be on the line. */
  readonly shared: boolean;
  /** Says it soon, to all others. */
  send(signal: Signal): void;
  /** Says it, and resolves when the others have been told, or cannot be. */
  sendNow(signal: Signal): Promise<void>;
  on<T extends Signal['type']>(type: T, listener: (signal: SignalOf<T>) => void): void;
  /** Calls back when signals may have been lost. */
  onGap(listener: () => void): void;
  close(): Promise<void>;
};

/** The bus of a process that is alone. */
export const silentBus: Bus = {
  shared: false,
  send: () => {},
  sendNow: async () => {},
  on: () => {},
  onGap: () => {},
  close: async () => {},
};
