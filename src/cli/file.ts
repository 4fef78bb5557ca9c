import { Command } from 'commander';
import { serverOption } from './eval/options.ts';
import type { CallOptions, DownloadOptions, UploadOptions } from './file/calls.ts';
import { outputOption } from './output.ts';

/** `pawl file`: what messages can name instead of bringing it along. */
export function fileCommand(): Command {
  return new Command('file')
    .description('upload files that messages name, and look at them')
    .addCommand(uploadCommand())
    .addCommand(listCommand())
    .addCommand(getCommand())
    .addCommand(downloadCommand())
    .addCommand(deleteCommand())
    .addHelpText('after', example('pawl file upload invoice.pdf'));
}

// What each command needs is loaded when it runs, so that help is quick.
const calls = () => import('./file/calls.ts');

function uploadCommand(): Command {
  return new Command('upload')
    .description('upload a file')
    .argument('<file>', 'the file')
    .option('--type <type>', 'its content type (default: what the end of its name says)')
    .option('--expires-in <seconds>', 'how long it is kept, from 3600 to 7776000 seconds')
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', example('pawl file upload invoice.pdf --expires-in 86400'))
    .action(async (file: string, options: UploadOptions) => (await calls()).uploadFile(file, options));
}

function listCommand(): Command {
  return new Command('list')
    .description('list files, newest first')
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', example('pawl file list'))
    .action(async (options: CallOptions) => (await calls()).listFiles(options));
}

function getCommand(): Command {
  return withId(new Command('get'))
    .description('show what is known of a file')
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', example('pawl file get file_…'))
    .action(async (id: string, options: CallOptions) => (await calls()).showFile(id, options));
}

function downloadCommand(): Command {
  return withId(new Command('download'))
    .description('write the content of a file to standard output, or into a file')
    .option('--file <path>', 'where to write it')
    .addOption(serverOption())
    .addHelpText('after', example('pawl file download file_… --file invoice.pdf'))
    .action(async (id: string, options: DownloadOptions) => (await calls()).downloadFile(id, options));
}

function deleteCommand(): Command {
  return withId(new Command('delete'))
    .description('delete a file')
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', example('pawl file delete file_…'))
    .action(async (id: string, options: CallOptions) => (await calls()).deleteFile(id, options));
}

function withId(command: Command): Command {
  return command.argument('<id>', 'the id of the file, as `pawl file list` shows it');
}

function example(line: string): string {
  return `\nExample:\n  $ ${line}`;
}
