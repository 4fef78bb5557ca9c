import { typed } from '../typed.ts';

/** What a later command needs to find the same server, and to go on as this one began. */
export type CommandFlags = {
  readonly url?: string | undefined;
  /** Only for going on. */
  readonly endpoint?: string | undefined;
  /** The eval file, where its scorers cannot be found without it; only for going on. */
  readonly file?: string | undefined;
};

/** A command about something that is there, ready to be typed. */
export function commandLine(
  verb: 'cancel' | 'resume' | 'show' | 'watch',
  id: string,
  flags: CommandFlags,
): string {
  const { url, endpoint, file } = flags;
  const named = verb === 'resume' ? { url, endpoint, file } : { url };
  const words = Object.entries(named).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  );
  return typed(['eval', verb, id, ...words]);
}
