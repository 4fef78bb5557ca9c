import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PawlError } from '../core/errors.ts';
import { type PinMap, parsePins, usualPinsFile } from './pins.ts';
import { missingPins } from './pins-file.ts';

/** A version of an agent, as `client.beta.sessions.create({ agent })` takes it. */
export type PinnedAgent = { readonly type: 'agent'; readonly id: string; readonly version: number };

/** The pins of a service. */
export type Pins = {
  /**
   * The version that a name is pinned to now. Costs one look at the file's state, so that it can be called for every
   * request: a file that has changed is read again.
   * @throws PawlError `invalid_request` when the file has no such pin.
   */
  get(name: string): PinnedAgent;
};

/** How a pins file is kept an eye on. */
export type OpenPinsOptions = {
  /**
   * Told once when a file that has changed cannot be taken: it is gone, broken or cannot be read. The last good pins
   * stay in force. Absent makes it a warning of the process.
   */
  readonly onError?: (error: Error) => void;
};

/**
 * Opens a pins file; absent is `pawl.pins.yaml` in the current folder. Nothing watches it, and no timer runs: each
 * `get` looks whether it has changed.
 * @throws PawlError `invalid_request` when it is missing or broken now.
 * @example const pins = openPins();
 * await client.beta.sessions.create({ agent: pins.get('ticket-triage'), environment_id });
 */
export function openPins(file: string | URL = usualPinsFile, options: OpenPinsOptions = {}): Pins {
  const path = file instanceof URL ? fileURLToPath(file) : resolve(file);
  const onError = options.onError ?? ((error) => process.emitWarning(error.message, 'PawlPinsWarning'));
  let seen: FileState | null = null;
  let text = '';
  let pins: PinMap = new Map();
  let told: string | null = null;

  function look(): void {
    // Taken before the text, so that a change between the two is seen at the next look.
    const now = stateOf(path);
    const changed = now.id !== seen?.id;
    if (!changed && !isFresh(now)) return;
    // Somebody who writes into the file itself may not be done.
    if (changed && now.inode === seen?.inode && isBeingWritten(now)) return;
    const found = readFileSync(path, 'utf8');
    // Something changed it meanwhile, so that this may be half of either; the next look sees more.
    if (seen !== null && stateOf(path).id !== now.id) return;
    seen = now;
    if (found !== text) pins = parsePins(found, path);
    text = found;
    told = null;
  }

  look();
  return {
    get(name) {
      try {
        look();
      } catch (error) {
        const problem = error instanceof Error ? error : new Error(String(error), { cause: error });
        if (problem.message !== told) {
          told = problem.message;
          onError(problem);
        }
      }
      return pinnedAgent(pins, name, path);
    },
  };
}

function pinnedAgent(pins: PinMap, name: string, path: string): PinnedAgent {
  const pin = pins.get(name);
  if (pin !== undefined) return { type: 'agent', id: pin.agent, version: pin.version };
  const known = pins.size === 0 ? 'there are none' : `there are ${[...pins.keys()].join(', ')}`;
  throw new PawlError('invalid_request', `${path}: pins.${name}: there is no such pin; ${known}`);
}

type FileState = {
  /** The file itself, behind every link: another one has taken its place when this differs. */
  readonly inode: string;
  /** Differs whenever the file is known to have changed. */
  readonly id: string;
  /** Milliseconds since it was written, by the clocks of this machine and of the file system. */
  readonly age_ms: number;
};

/** @throws PawlError when there is no file, and the system's error when it may not be looked at. */
function stateOf(path: string): FileState {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) throw missingPins(path);
  const { dev, ino, size, mtimeNs, mtimeMs, ctimeNs } = stat;
  const inode = `${dev}:${ino}`;
  return { inode, id: `${inode}:${size}:${mtimeNs}:${ctimeNs}`, age_ms: Date.now() - Number(mtimeMs) };
}

/** The coarsest clock of a file system in use (FAT's). A second change within it may leave every number the same. */
const clockStepMs = 2000;
/** A file that nobody has written to for so long is taken to be whole. */
const quietMs = 200;

/** A clock that is ahead makes a file fresh for longer, which costs time and nothing else. */
function isFresh({ age_ms }: FileState): boolean {
  return age_ms < clockStepMs;
}

function isBeingWritten({ age_ms }: FileState): boolean {
  return Math.abs(age_ms) < quietMs;
}
