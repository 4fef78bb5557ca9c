import { InvalidArgumentError } from 'commander';

/** The end that a log once had, as somebody has noted it. */
export type NotedHead = { readonly seq: number; readonly hash: string };

/** Reads a head as {@link headText} writes it. */
export function notedHead(text: string): NotedHead {
  const [, seq, hash = ''] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq !== undefined) return { seq: Number(seq), hash };
  throw new InvalidArgumentError(
    'It has to be a number, a colon and a hash, as `pawl audit verify` gives it.',
  );
}

/** A head to be noted: `12:5f2c…`. */
export function headText({ seq, hash }: NotedHead): string {
  return `${seq}:${hash}`;
}
