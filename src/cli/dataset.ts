import { Command, Option } from 'commander';
import type { AddCaseOptions } from './dataset/add-case.ts';
import type { DiffOptions } from './dataset/diff.ts';
import type { ExportOptions } from './dataset/export.ts';
import type { ImportOptions } from './dataset/import.ts';
import type { ListOptions } from './dataset/list.ts';
import type { ShowOptions } from './dataset/show.ts';
import { serverOption } from './eval/options.ts';
import { outputOption } from './output.ts';
import { anywhereText } from './server-command.ts';

/** `pawl dataset`: the cases that evals run on. */
export function datasetCommand(): Command {
  return new Command('dataset')
    .description('import, look at and export the cases that evals run on')
    .addCommand(importCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(diffCommand())
    .addCommand(exportCommand())
    .addCommand(addCaseCommand())
    .addHelpText('after', anywhereText('pawl dataset import tickets.jsonl --name tickets'));
}

// What each command needs is loaded when it runs, so that help is quick.

function importCommand(): Command {
  return new Command('import')
    .description('make a file the newest revision of a dataset, or say line by line what is wrong with it')
    .argument('<file>', 'a .jsonl, .ndjson or .csv file')
    .requiredOption('--name <name>', 'the name of the dataset, which is made if it is not there yet')
    .option('--id <column>', 'the column that holds the id (default: id, or made of the content)')
    .option(
      '--input <column>',
      'the column that holds the input (default: input, question, prompt or messages)',
    )
    .option(
      '--target <column>',
      'the column that holds the target (default: target, expected, label and others)',
    )
    .option('--group <column>', 'the column that holds the group (default: group or category)')
    .option('--cluster <column>', 'the column that holds the cluster (default: cluster or source_id)')
    .option('--weight <column>', 'the column that holds the weight (default: weight, else 1)')
    .option(
      '--must-pass <column>',
      'the column that says what must pass (default: must_pass, or a tag must_pass)',
    )
    .option('--split <column>', 'the column that holds the split (default: split)')
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      anywhereText('pawl dataset import tickets.csv --name tickets --target team --group team'),
    )
    .action(async (file: string, options: ImportOptions) => {
      const { importDataset } = await import('./dataset/import.ts');
      await importDataset(file, options);
    });
}

function listCommand(): Command {
  return new Command('list')
    .description('list datasets, newest first')
    .option('--archived', 'list those as well that are archived')
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', anywhereText('pawl dataset list'))
    .action(async (options: ListOptions) => {
      const { listDatasets } = await import('./dataset/list.ts');
      await listDatasets(options);
    });
}

function showCommand(): Command {
  return new Command('show')
    .description('show what a dataset holds')
    .argument('<name>', 'the name or the id of the dataset')
    .addOption(revisionOption())
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', anywhereText('pawl dataset show tickets'))
    .action(async (name: string, options: ShowOptions) => {
      const { showDataset } = await import('./dataset/show.ts');
      await showDataset(name, options);
    });
}

function diffCommand(): Command {
  return new Command('diff')
    .description('show what became of the cases from one revision to another')
    .argument('<name>', 'the name or the id of the dataset')
    .argument('[from]', 'the older revision (default: the one before the newer)')
    .argument('[to]', 'the newer revision (default: the one that the dataset points to)')
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', anywhereText('pawl dataset diff tickets'))
    .action(async (name: string, from: string | undefined, to: string | undefined, options: DiffOptions) => {
      const { diffDataset } = await import('./dataset/diff.ts');
      await diffDataset(name, { from, to }, options);
    });
}

function exportCommand(): Command {
  return new Command('export')
    .description('write the cases of a dataset as a file that can be imported again')
    .argument('<name>', 'the name or the id of the dataset')
    .addOption(revisionOption())
    .addOption(
      new Option('--format <format>', 'the format of the file').choices(['jsonl', 'csv']).default('jsonl'),
    )
    .option('-f, --file <file>', 'where to write it (default: standard output)')
    .addOption(serverOption())
    .addHelpText('after', anywhereText('pawl dataset export tickets -f tickets.jsonl'))
    .action(async (name: string, options: ExportOptions) => {
      const { exportDataset } = await import('./dataset/export.ts');
      await exportDataset(name, options);
    });
}

function addCaseCommand(): Command {
  return new Command('add-case')
    .description('make a labelled case of a session, in a new revision of a dataset')
    .argument('<name>', 'the name or the id of the dataset')
    .requiredOption('--session <id>', 'the session whose messages are the input')
    .requiredOption('--target <text>', 'what the agent should have answered')
    .option('--group <group>', 'the group of the case')
    .option('--cluster <cluster>', 'the source that it shares with other cases')
    .option('--id <id>', 'the id of the case; a case with this id is replaced (default: made of the content)')
    .option('--must-pass', 'let this case alone be enough for a gate to fail')
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', anywhereText('pawl dataset add-case tickets --session sesn_… --target billing'))
    .action(async (name: string, options: AddCaseOptions) => {
      const { addCase } = await import('./dataset/add-case.ts');
      await addCase(name, options);
    });
}

function revisionOption(): Option {
  return new Option(
    '--revision <revision>',
    'the id of a revision, or the beginning of its hash (default: the one that the dataset points to)',
  );
}
