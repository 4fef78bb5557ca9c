import { Command, InvalidArgumentError } from 'commander';
import type { ReleaseOptions } from './alias/release-server.ts';
import type { AddOptions } from './score/add.ts';
import { anywhereText, asksAnywhere } from './server-command.ts';

/** `pawl score`: what sessions were worth. */
export function scoreCommand(): Command {
  return new Command('score')
    .description('say what sessions were worth')
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addHelpText('after', anywhereText('pawl score add sesn_… helpful 1'));
}

// What each command needs is loaded when it runs, so that help is quick.

function addCommand(): Command {
  const command = about('add')
    .description('say what a session was worth; of several scores with one name, the last counts')
    .argument('<name>', 'what is said of it, such as helpful')
    .argument('<value>', 'a number from 0, the worst, to 1, the best, or true or false', scoreValue)
    .option('--comment <text>', 'why')
    .action(async (session: string, name: string, value: number, options: AddOptions) => {
      const { addScore } = await import('./score/add.ts');
      await addScore(session, { name, value }, options);
    });
  return asksAnywhere(command, "pawl score add sesn_… helpful 0.5 --comment 'Right, but late'");
}

function listCommand(): Command {
  const command = about('list')
    .description('list the scores of a session, newest first')
    .action(async (session: string, options: ReleaseOptions) => {
      const { listScores } = await import('./score/list.ts');
      await listScores(session, options);
    });
  return asksAnywhere(command, 'pawl score list sesn_…');
}

function about(verb: string): Command {
  return new Command(verb).argument('<session>', 'the id of the session');
}

/** Reads a score. */
function scoreValue(text: string): number {
  if (text === 'true' || text === 'false') return Number(text === 'true');
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It has to be a number from 0 to 1, or true or false.');
}
