import { Command } from 'commander';
import type { ReportOptions } from './eval/follow.ts';
import {
  addReportOptions,
  addRunOptions,
  endpointOption,
  serverOption,
  versionOrNone,
  wholeNumber,
} from './eval/options.ts';
import { type ReportFormat, reportOption } from './eval/report.ts';
import type { ResumeOptions } from './eval/resume.ts';
import type { EvalRunOptions } from './eval/run.ts';
import { type Format, outputOption } from './output.ts';
import { anywhereText } from './server-command.ts';

type ServerFlag = { readonly url?: string };

/** `pawl eval`: runs the cases of a dataset against versions of an agent, and compares them. */
export function evalCommand(): Command {
  return new Command('eval')
    .description('run evals, compare versions, and look at the results')
    .addCommand(runCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(compareCommand())
    .addCommand(resumeCommand())
    .addCommand(watchCommand())
    .addCommand(cancelCommand())
    .addHelpText('after', anywhereText('pawl eval run evals/triage.yaml'));
}

// What each command needs is loaded when it runs, so that help is quick.

function runCommand(): Command {
  const command = new Command('run')
    .description('run an eval on a version and the one before it, and compare them')
    .argument('<eval>', 'a YAML file, or the name of an eval that is known already')
    .option('--candidate <version>', 'the version to look at (default: the latest)', wholeNumber)
    .option(
      '--baseline <version>',
      'the version to compare with, or none (default: what production stands for, else the one before the candidate)',
      versionOrNone,
    );
  return addReportOptions(addRunOptions(command))
    .addOption(serverOption())
    .addHelpText(
      'after',
      anywhereText('pawl eval run evals/triage.yaml --candidate 2 --output-file report.html'),
    )
    .action(async (name: string, options: EvalRunOptions) => {
      const { runEval } = await import('./eval/run.ts');
      await runEval(name, options);
    });
}

function listCommand(): Command {
  return new Command('list')
    .description('list evals, and their newest comparisons and runs')
    .option('--eval <name>', 'only those of one eval')
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', anywhereText('pawl eval list --eval triage'))
    .action(async (options: ServerFlag & { readonly eval?: string; readonly output: Format }) => {
      const { listEvals } = await import('./eval/list.ts');
      await listEvals(options);
    });
}

function showCommand(): Command {
  return new Command('show')
    .description('show the report of a comparison or a run, or what an eval says')
    .argument('<id>', 'the id of a comparison or an eval run, or the name of an eval')
    .addOption(reportOption())
    .addOption(serverOption())
    .addHelpText('after', anywhereText('pawl eval show cmp_… -o markdown'))
    .action(async (id: string, options: ServerFlag & { readonly output: ReportFormat }) => {
      const { showEval } = await import('./eval/show.ts');
      await showEval(id, options);
    });
}

function compareCommand(): Command {
  const command = new Command('compare')
    .description('compare two runs that there are, by the gate of their eval')
    .argument('<baseline-run>', 'the id of the run to compare with')
    .argument('<candidate-run>', 'the id of the run to look at');
  return addReportOptions(command)
    .addOption(serverOption())
    .addHelpText('after', anywhereText('pawl eval compare erun_… erun_…'))
    .action(async (baseline_run: string, candidate_run: string, options: ServerFlag & ReportOptions) => {
      const { compareEvalRuns } = await import('./eval/existing.ts');
      await compareEvalRuns({ baseline_run, candidate_run }, options);
    });
}

function resumeCommand(): Command {
  const command = new Command('resume')
    .description(
      'go on with what was stopped, has failed or lacks results; nothing that is done is done again',
    )
    .argument('<id>', 'the id of an eval run or a comparison')
    .option('--file <file>', 'the YAML file of the eval, when its scorers are modules or asked over HTTP')
    .addOption(endpointOption());
  return addReportOptions(command)
    .addOption(serverOption())
    .addHelpText('after', anywhereText('pawl eval resume cmp_…'))
    .action(async (id: string, options: ResumeOptions) => {
      const { resumeEval } = await import('./eval/resume.ts');
      await resumeEval(id, options);
    });
}

function watchCommand(): Command {
  const command = new Command('watch')
    .description('follow a run or a comparison on a server to its end')
    .argument('<id>', 'the id of an eval run or a comparison');
  return addReportOptions(command)
    .addOption(serverOption())
    .addHelpText('after', anywhereText('pawl eval watch cmp_…'))
    .action(async (id: string, options: ServerFlag & ReportOptions) => {
      const { watchEval } = await import('./eval/existing.ts');
      await watchEval(id, options);
    });
}

function cancelCommand(): Command {
  return new Command('cancel')
    .description('stop a run, or both runs of a comparison; what is done is kept')
    .argument('<id>', 'the id of an eval run or a comparison')
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', anywhereText('pawl eval cancel erun_…'))
    .action(async (id: string, options: ServerFlag & { readonly output: Format }) => {
      const { cancelEval } = await import('./eval/existing.ts');
      await cancelEval(id, options);
    });
}
