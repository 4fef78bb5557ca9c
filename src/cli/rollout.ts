import { Command, Option } from 'commander';
import { runningModes } from '../core/release.ts';
import { type RolloutStatus, rolloutStatuses } from '../core/rollout.ts';
import { agentHelp, reasonOption } from './alias/release-options.ts';
import type { ReleaseOptions } from './alias/release-server.ts';
import type { ChangeOptions } from './rollout/change.ts';
import type { FollowOptions } from './rollout/follow-rollout.ts';
import type { RolloutVerb } from './rollout/rollout-calls.ts';
import {
  amount,
  oneMoreMetric,
  oneMoreWeight,
  rolloutHelp,
  runningOption,
  usualSteps,
  weights,
} from './rollout/rollout-options.ts';
import type { StartOptions } from './rollout/start.ts';
import { anywhereText, asksAnywhere } from './server-command.ts';

/** `pawl rollout`: promotions that are carried out in steps. */
export function rolloutCommand(): Command {
  return new Command('rollout')
    .description('carry promotions out in steps, and take them back when they do harm')
    .addCommand(startCommand())
    .addCommand(listCommand())
    .addCommand(statusCommand())
    .addCommand(getCommand())
    .addCommand(watchCommand())
    .addCommand(eventsCommand())
    .addCommand(changeCommand('pause', 'keep a rollout where it is; its guardrails go on'))
    .addCommand(changeCommand('resume', 'let a paused rollout go on, in spite of what it was paused for'))
    .addCommand(
      changeCommand('advance', 'go on to the next step at once; where it waits for approval, this is it'),
    )
    .addCommand(takeBackCommand('abort', 'end a rollout, and let its promotion stand'))
    .addCommand(changeCommand('retry', 'begin a rollout anew that was aborted or rolled back'))
    .addCommand(takeBackCommand('rollback', 'end a rollout and its promotion, and hold the alias'))
    .addHelpText('after', anywhereText('pawl rollout status triage'));
}

// What each command needs is loaded when it runs, so that help is quick.

function startCommand(): Command {
  const command = new Command('start')
    .description('give the candidate of a promotion more and more of the new sessions')
    .argument('<promotion>', 'the id of the promotion, which has to lack nothing')
    .addOption(
      new Option(
        '--steps <percentages>',
        'how much of the traffic the candidate gets, step by step; the last is 100',
      )
        .argParser(weights)
        .default(weights(usualSteps), usualSteps),
    )
    .option('--step-seconds <number>', 'how long each step lasts at least (default: 3600)', amount)
    .option(
      '--step-sessions <number>',
      'how many sessions of the canary each step needs at least (default: 50)',
      amount,
    )
    .option(
      '--approval <percentage>',
      'the step whose end somebody has to approve; may be repeated',
      oneMoreWeight,
    )
    .option(
      '--guardrail <metric>',
      'what takes the candidate back when it is worse, as failures or score:helpful=0.02, with how much worse it may be; may be repeated (default: failures)',
      oneMoreMetric,
    )
    .option(
      '--signal <metric>',
      'what pauses the rollout when it is worse; may be repeated (default: refusals, latency and cost)',
      oneMoreMetric,
    )
    .addOption(new Option('--no-signals', 'pause for nothing').conflicts('signal'))
    .option('--look-seconds <number>', 'how long it is from one look to the next (default: 10)', amount)
    .option(
      '--patience-seconds <number>',
      'how long the last step before 100 waits for evidence until a person has to decide (default: 86400)',
      amount,
    )
    .option(
      '--alpha <number>',
      'the chance that any guardrail breaks by mistake, ever (default: 0.05)',
      amount,
    )
    .addOption(
      new Option(
        '--on-rollback <mode>',
        "what becomes of the canary's open sessions when the server takes it back by itself (default: drain)",
      ).choices(runningModes),
    )
    .option('--scorers <file>', 'a YAML or JSON file with a list of scorers that score part of the sessions')
    .option('--watch', 'follow the rollout to its end, as `pawl rollout watch` does')
    .addOption(reasonOption())
    .action(async (promotion: string, options: StartOptions) => {
      const { startRollout } = await import('./rollout/start.ts');
      await startRollout(promotion, options);
    });
  return asksAnywhere(
    command,
    'pawl rollout start promo_… --guardrail failures --guardrail score:helpful=0.02',
  );
}

function listCommand(): Command {
  const command = new Command('list')
    .description('list rollouts, newest first')
    .argument('[agent]', `${agentHelp}, or agent@alias (default: all agents)`)
    .addOption(new Option('--status <status>', 'only those that stand so').choices(rolloutStatuses))
    .action(
      async (agent: string | undefined, options: ReleaseOptions & { readonly status?: RolloutStatus }) => {
        const { listRollouts } = await import('./rollout/list.ts');
        await listRollouts(agent, options);
      },
    );
  return asksAnywhere(command, 'pawl rollout list triage');
}

function statusCommand(): Command {
  const command = about('status')
    .description('say who gets what, what is waited for, how what is watched stands, and what to type next')
    .action(async (named: string, options: ReleaseOptions) => {
      const { showStatus } = await import('./rollout/status.ts');
      await showStatus(named, options);
    });
  return asksAnywhere(command, 'pawl rollout status triage');
}

function getCommand(): Command {
  const command = about('get')
    .description('show all of a rollout: its settings, its steps and its evidence')
    .action(async (named: string, options: ReleaseOptions) => {
      const { showRollout } = await import('./rollout/get.ts');
      await showRollout(named, options);
    });
  return asksAnywhere(command, 'pawl rollout get roll_…');
}

function watchCommand(): Command {
  const command = about('watch')
    .description('follow a rollout on a server to its end')
    .option('--until-paused', 'end as well as soon as it is paused, with 2')
    .action(async (named: string, options: FollowOptions) => {
      const { watchRollout } = await import('./rollout/watch.ts');
      await watchRollout(named, options);
    });
  return asksAnywhere(command, 'pawl rollout watch triage');
}

function eventsCommand(): Command {
  const command = about('events')
    .description('list what happened to a rollout, newest first')
    .action(async (named: string, options: ReleaseOptions) => {
      const { listEvents } = await import('./rollout/events.ts');
      await listEvents(named, options);
    });
  return asksAnywhere(command, 'pawl rollout events roll_…');
}

function changeCommand(verb: RolloutVerb, does: string): Command {
  const command = about(verb)
    .description(does)
    .addOption(reasonOption())
    .action(async (named: string, options: ChangeOptions) => {
      const { changeAndShow } = await import('./rollout/change.ts');
      await changeAndShow(verb, named, options);
    });
  return asksAnywhere(command, `pawl rollout ${verb} triage`);
}

function takeBackCommand(verb: 'abort' | 'rollback', does: string): Command {
  return changeCommand(verb, does).addOption(runningOption());
}

function about(verb: string): Command {
  return new Command(verb).argument('<rollout>', rolloutHelp);
}
