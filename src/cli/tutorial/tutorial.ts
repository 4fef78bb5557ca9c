import { Command, InvalidArgumentError } from 'commander';
import { outputOption } from '../output.ts';
import type { TutorialOptions } from './run.ts';

/** `pawl tutorial`: what the whole thing is for, in a minute. */
export function tutorialCommand(): Command {
  return new Command('tutorial')
    .description('see prompts get worse, go back, and go live by canary, on a few tickets')
    .option('--url <url>', 'tell the story to this server instead of an embedded one in memory')
    .option('--model <id>', 'the model of the agent (default: COOKBOOK_MODEL, or claude-sonnet-4-6)')
    .option('--tickets <file>', 'a .jsonl or .csv file of tickets to score instead of those that come along')
    .option('--concurrency <number>', 'how many sessions run side by side (default: 16)', readConcurrency)
    .option('--pace', 'wait for Enter after each step')
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ pawl tutorial --tickets my-tickets.jsonl\n\nWith ANTHROPIC_API_KEY or PAWL_OPENAI_BASE_URL set, a real model answers; without, an embedded offline one.',
    )
    .action(async (options: TutorialOptions) => {
      // The SDK and the server take their time to load, which nobody wants to wait for in `--help`.
      const { runTutorial } = await import('./run.ts');
      await runTutorial(options);
    });
}

const mostAtOnce = 200;

function readConcurrency(text: string): number {
  const value = Number(text);
  if (/^\d{1,3}$/.test(text) && value >= 1 && value <= mostAtOnce) return value;
  throw new InvalidArgumentError(`It has to be a whole number from 1 to ${mostAtOnce}.`);
}
