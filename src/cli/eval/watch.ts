import { isOver } from '../../core/evaluation.ts';
import type { ServerAccess } from '../api-client.ts';
import { type WatchOptions, watchStream } from '../watch-stream.ts';
import { pathOfSubject, type Subject, type SubjectName } from './subject.ts';

/**
 * Follows an eval run or a comparison to its end and gives its last state.
 * @throws CommandError when the server refuses, or cannot be reached for five minutes.
 */
export async function watchUntilOver(
  access: ServerAccess,
  subject: SubjectName,
  options: WatchOptions<Subject>,
): Promise<Subject> {
  const { type, id } = subject;
  const watched = {
    ...{ path: `${pathOfSubject(subject)}/stream`, event: type },
    isOver: ({ status }: Subject): boolean => isOver(status),
    left: `Where ${id} runs, it goes on; \`pawl eval watch ${id}\` follows it again`,
  };
  return watchStream(access, watched, options);
}
