import { Argument, Command, InvalidArgumentError } from 'commander';
import { aliasPattern } from '../core/agent-reference.ts';
import { wholeNumber } from './eval/options.ts';
import { outputOption } from './output.ts';
import { baseFileOption, pinsFileOption } from './pin/base-pins.ts';
import type { PinDiffOptions } from './pin/diff.ts';
import type { WantedVersion } from './pin/find-version.ts';
import type { PinSetOptions } from './pin/set.ts';
import type { PinShowOptions } from './pin/show.ts';

/** `pawl pin`: exact versions as callers keep them, in a file of their own repository. */
export function pinCommand(): Command {
  return new Command('pin')
    .description('keep exact versions in a file of the callers’ repository')
    .addCommand(setCommand())
    .addCommand(showCommand())
    .addCommand(diffCommand())
    .addHelpText('after', example('pawl pin set ticket-triage 3'));
}

function setCommand(): Command {
  return new Command('set')
    .description('pin a version, and make the file where there is none')
    .argument('<name>', 'what callers name it by')
    .argument('<version>', 'a number, or an alias that stands for one now, as in @production', versionOrAlias)
    .option('--agent <id>', 'the agent; only a new pin needs it')
    .option('--eval <eval>', 'the eval that new versions have to pass: a name, or a path from the pins file')
    .option('--note <text>', 'a remark for people')
    .addOption(pinsFileOption())
    .option('--offline', 'look nothing up at a server')
    .option('--url <url>', 'the server (default: PAWL_URL, ANTHROPIC_BASE_URL, or http://127.0.0.1:7295)')
    .addHelpText(
      'after',
      example('pawl pin set ticket-triage @production --agent agent_… --eval evals/triage.yaml'),
    )
    .action(async (name: string, version: WantedVersion, options: PinSetOptions) => {
      const { setPin } = await import('./pin/set.ts');
      await setPin(name, version, options);
    });
}

function showCommand(): Command {
  return new Command('show')
    .description('show what is pinned')
    .addArgument(new Argument('[name]', 'only this pin'))
    .addOption(pinsFileOption())
    .addOption(outputOption())
    .addHelpText('after', example('pawl pin show -o json'))
    .action(async (name: string | undefined, options: PinShowOptions) => {
      const { showPins } = await import('./pin/show.ts');
      showPins(name, options);
    });
}

function diffCommand(): Command {
  return new Command('diff')
    .description('show which pins the branch changes')
    .argument(
      '[base]',
      'a git ref: pins are compared with the commit where HEAD left it (default: origin/HEAD, origin/main or main)',
    )
    .addOption(baseFileOption())
    .addOption(pinsFileOption())
    .addOption(outputOption())
    .addHelpText('after', example('pawl pin diff origin/main'))
    .action(async (base: string | undefined, options: PinDiffOptions) => {
      const { diffPins } = await import('./pin/diff.ts');
      await diffPins({ ...options, base });
    });
}

function versionOrAlias(text: string): WantedVersion {
  if (!text.startsWith('@')) return wholeNumber(text);
  if (aliasPattern.test(text.slice(1))) return { alias: text.slice(1) };
  throw new InvalidArgumentError('An alias begins with a small letter: @production.');
}

function example(command: string): string {
  return `\nExample:\n  $ ${command}`;
}
