import type { ReactNode } from 'react';

/** `good` and `bad` are judgements; `busy` is under way; `note` wants to be seen; `calm` is everything else. */
export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'note' | 'calm';

/** A word that says how something stands. The colour says it once more; it never says it alone. */
export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }): ReactNode {
  return <span className={`badge badge-${tone}`}>{children}</span>;
}

const tones: Readonly<Record<string, Tone>> = {
  pass: 'good',
  fail: 'bad',
  inconclusive: 'warn',
  error: 'bad',
  approved: 'good',
  applied: 'good',
  completed: 'good',
  rejected: 'bad',
  rolled_back: 'bad',
  failed: 'bad',
  canceled: 'calm',
  withdrawn: 'calm',
  aborted: 'calm',
  running: 'busy',
  pending: 'busy',
  queued: 'busy',
  in_review: 'busy',
  rescheduling: 'warn',
  paused: 'warn',
  held: 'warn',
  idle: 'calm',
  terminated: 'calm',
};

/** A status or a verdict in the server's own word. */
export function StatusBadge({ status }: { readonly status: string }): ReactNode {
  return <Badge tone={tones[status] ?? 'calm'}>{status.replaceAll('_', ' ')}</Badge>;
}
