import { type Pin, parsePins } from '../../pin/pins.ts';
import { readPinsText, replacePinsText } from '../../pin/pins-file.ts';
import { writePin } from '../../pin/write-pin.ts';
import { serverAccess } from '../api-client.ts';
import { CommandError, sentenceOf } from '../command-error.ts';
import { settingsHere } from '../environment.ts';
import { note } from '../eval/note.ts';
import { print } from '../output.ts';
import { findVersion, type WantedVersion } from './find-version.ts';

export type PinSetOptions = {
  readonly file: string;
  readonly agent?: string;
  readonly eval?: string;
  readonly note?: string;
  readonly offline?: true;
  readonly url?: string;
};

/**
 * Sets a pin in the file, or makes the file. A server that answers has to have the version.
 * @throws CommandError, RefusedError, PawlError
 */
export async function setPin(name: string, wanted: WantedVersion, options: PinSetOptions): Promise<void> {
  const { file } = options;
  const text = readPinsText(file);
  const before = text === null ? undefined : parsePins(text, file).get(name);
  const agent = options.agent ?? before?.agent;
  if (agent === undefined) {
    throw new CommandError(`${file} has no pin ${name} yet; --agent says which agent it is of`);
  }
  const pin: Pin = {
    ...{ agent, version: await resolveVersion(agent, wanted, options) },
    eval: changed(options.eval, before?.eval),
    note: changed(options.note, before?.note),
  };
  const written = writePin(text, { name, pin, file });
  if (written === text)
    return print(`${name} stays at version ${pin.version} of ${agent}: ${file} says so already.`);
  replacePinsText(file, written);
  const was = before === undefined ? 'new' : `it was version ${before.version} of ${before.agent}`;
  print(`${name} is pinned to version ${pin.version} of ${agent}; ${was}.`);
}

/** What is not stated stays; an empty text takes it away. */
function changed(stated: string | undefined, before: string | null | undefined): string | null {
  return (stated ?? before ?? '') || null;
}

async function resolveVersion(agent: string, wanted: WantedVersion, options: PinSetOptions): Promise<number> {
  const number = typeof wanted === 'number' ? wanted : null;
  if (options.offline === true) {
    if (number !== null) return number;
    throw new CommandError(
      'An alias is looked up at a server, so that --offline needs the number of a version',
    );
  }
  const answer = await findVersion(serverAccess(options.url, settingsHere()), agent, wanted);
  switch (answer.kind) {
    case 'found':
      if (answer.archived) note(`${agent} is archived: no session can be opened with it.`);
      return answer.version;
    case 'absent':
      throw new CommandError(answer.problem);
    case 'unreachable':
      if (number === null) throw answer.error;
      note(`${sentenceOf(answer.error)} Whether there is a version ${number} was not looked up.`);
      return number;
    default:
      return answer satisfies never;
  }
}
