import type { AgentConfig } from '../core/agent-config.ts';
import type { Step } from './continuing.ts';
import type { Ending } from './ending.ts';
import type { Toolbox } from './toolbox.ts';

/** Why a turn is told to stop: a client interrupted it, or the process is stopping and will take it up again. */
export type StopSignal = 'interrupt' | 'shutdown';

/** One turn of one session, by whoever holds its attempt. */
export type TurnWork = {
  readonly sessionId: string;
  readonly attempt: number;
  /** Whether its next step is open and nobody has begun it; otherwise the session was taken over in the middle. */
  readonly opened: boolean;
  /** Aborted with a {@link StopSignal} as its reason. */
  readonly signal: AbortSignal;
};

/** A turn as it runs: what it runs with stays the same to its end. */
export type Run = TurnWork & {
  readonly config: AgentConfig;
  readonly toolbox: Toolbox;
};

/** What an interrupt has left of a reply. */
type Words = Extract<Ending, { kind: 'interrupted' }>['said'];

/** How a turn stops: as one that was interrupted, or as it is, for whoever takes it up again. */
export type Stop = Extract<Ending, { kind: 'interrupted' }> | { readonly kind: 'stopped' };

/** What a turn does next, unless the process is stopping. */
export type NextStep = Step | 'stopped';

/** What becomes of a turn whose signal was aborted; `words` are what had arrived of a reply. */
export function toldToStop({ signal }: TurnWork, words: Words = null): Stop {
  return signal.reason === 'interrupt' ? { kind: 'interrupted', said: words } : { kind: 'stopped' };
}
