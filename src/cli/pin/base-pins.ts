import { Option } from 'commander';
import type { PinHistory } from '../../pin/pin-changes.ts';
import { type PinMap, parsePins, usualPinsFile } from '../../pin/pins.ts';
import { readPins } from '../../pin/pins-file.ts';
import { CommandError } from '../command-error.ts';
import { baseCommit, fileAtCommit, fileHistory } from './git.ts';

/** What pins are compared with. */
export type BasePins = {
  /** For people: `main at 3f2a90c1b7de`, or a file. */
  readonly name: string;
  readonly pins: PinMap;
  /** What stood there before; nothing for a file, which has no history. */
  history(): Promise<PinHistory>;
};

/** What a command is told about the base; absent takes the commit where the branch left its origin. */
export type BaseOptions = { readonly base?: string | undefined; readonly baseFile?: string };

/** The pins to compare those of `file` with. A base without the file has no pins. @throws CommandError, PawlError */
export async function openBase(file: string, { base, baseFile }: BaseOptions): Promise<BasePins> {
  if (base !== undefined && baseFile !== undefined) {
    throw new CommandError('A base and --base-file are two things to compare with; name one of them');
  }
  if (baseFile !== undefined) {
    const history = async (): Promise<PinHistory> => ({ entries: [], missing: null });
    return { name: baseFile, pins: readPins(baseFile), history };
  }
  const { commit, ref } = await baseCommit(file, base);
  const name = `${ref} at ${shortCommit(commit)}`;
  const text = await fileAtCommit(file, commit);
  return {
    name,
    pins: text === null ? new Map() : parsePins(text, `${file} of ${name}`),
    async history() {
      const { states, missing } = await fileHistory(file, commit);
      return { missing, entries: states.map((entry) => ({ ...entry, pins: pinsOrNull(entry.text) })) };
    },
  };
}

/** A commit's hash as people write it. */
export function shortCommit(commit: string): string {
  return commit.slice(0, 12);
}

/** The `--file` of commands about pins. */
export function pinsFileOption(): Option {
  return new Option('--file <file>', 'the pins file').default(usualPinsFile);
}

/** The `--base-file` of commands that compare. */
export function baseFileOption(): Option {
  return new Option('--base-file <file>', 'compare with the pins of this file, and ask git nothing');
}

/** A state that nobody could have read pinned nothing. */
function pinsOrNull(text: string | null): PinMap | null {
  try {
    return text === null ? null : parsePins(text, '');
  } catch {
    return null;
  }
}
