import { isOver } from '../../core/evaluation.ts';
import { RefusedError, requestServer, type ServerAccess } from '../api-client.ts';
import { CommandError, sentenceOf } from '../command-error.ts';
import { note } from './note.ts';
import { serverEvents } from './server-events.ts';
import { pathOfSubject, type Subject, type SubjectName } from './subject.ts';

type Options = {
  /** Called with every state that is heard of, the last one included. */
  readonly onState: (subject: Subject) => void;
  /** Waits so many milliseconds, and rejects when the user stops the command. */
  readonly pause: (ms: number) => Promise<void>;
};

/** A server pings every 15 seconds; after this long a silence, its stream is taken for broken. */
const silenceMs = 60_000;
const longestPauseMs = 10_000;
/** With the pauses between them, these are about five minutes. */
const mostFailures = 35;
/** A server that is started again is back by then; for anything longer, whoever waits wants to know. */
const toldAfter = 4;

/**
 * Follows something to its end and gives its last state. A stream that breaks off is opened again, after pauses that
 * grow as long as there is nothing new.
 * @throws CommandError when the server refuses, or cannot be reached for five minutes.
 */
export async function watchUntilOver(
  access: ServerAccess,
  subject: SubjectName,
  { onState, pause }: Options,
): Promise<Subject> {
  let last = '';
  let failures = 0;
  let idle = 0;
  for (;;) {
    try {
      for await (const text of states(access, subject)) {
        failures = 0;
        if (text === last) continue;
        last = text;
        idle = 0;
        const state = JSON.parse(text) as Subject;
        onState(state);
        if (isOver(state.status)) return state;
      }
    } catch (error) {
      if (isFinal(error)) throw error;
      access.signal?.throwIfAborted();
      if (++failures >= mostFailures) throw givenUp(subject, error);
      if (failures === toldAfter) note(`${sentenceOf(error)} It is asked again for about five minutes.`);
    }
    await pause(Math.min(longestPauseMs, 250 * 2 ** idle++));
  }
}

async function* states(access: ServerAccess, subject: SubjectName): AsyncGenerator<string> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), silenceMs);
  try {
    const path = `${pathOfSubject(subject)}/stream`;
    const response = await requestServer(access, { method: 'GET', path, signal: silence.signal });
    if (response.body === null) return;
    for await (const { event, data } of serverEvents(response.body)) {
      timer.refresh();
      if (event === subject.type) yield data;
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Whether it would be no use to ask again. */
function isFinal(error: unknown): boolean {
  return error instanceof RefusedError && error.status < 500 && error.status !== 429;
}

function givenUp({ id }: SubjectName, error: unknown): CommandError {
  const why = sentenceOf(error);
  return new CommandError(`${why} Where ${id} runs, it goes on; \`pawl eval watch ${id}\` follows it again`, {
    cause: error,
  });
}
