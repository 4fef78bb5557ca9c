import { Command } from 'commander';
import type { ReleaseOptions } from './alias/release-server.ts';
import { type NotedHead, notedHead } from './audit/noted-head.ts';
import { serverOption } from './eval/options.ts';
import { outputOption } from './output.ts';
import { anywhereText } from './server-command.ts';

/** `pawl audit`: who did what, and whether anybody has rewritten it. */
export function auditCommand(): Command {
  return new Command('audit')
    .description('read, keep and check the log of who changed what, when and why')
    .addCommand(listCommand())
    .addCommand(exportCommand())
    .addCommand(verifyCommand())
    .addHelpText('after', anywhereText('pawl audit verify'));
}

// What each command needs is loaded when it runs, so that help is quick.

function listCommand(): Command {
  return new Command('list')
    .description('list what was done or refused, newest first')
    .option('--subject <id>', 'only entries about one thing, such as promo_… or agent_…@production')
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', anywhereText('pawl audit list --subject agent_…@production'))
    .action(async (options: ReleaseOptions & { readonly subject?: string }) => {
      const { listAudit } = await import('./audit/list.ts');
      await listAudit(options);
    });
}

function exportCommand(): Command {
  return new Command('export')
    .description('write the whole log, one JSON object on each line')
    .argument('[file]', 'where to write it (default: standard output)')
    .addOption(serverOption())
    .addHelpText('after', anywhereText('pawl audit export audit.jsonl'))
    .action(async (file: string | undefined, options: { readonly url?: string }) => {
      const { exportAudit } = await import('./audit/export.ts');
      await exportAudit(file, options);
    });
}

function verifyCommand(): Command {
  return new Command('verify')
    .description('read the whole log and check that nobody has rewritten it')
    .argument('[file]', 'an export to check without a server (default: the log of the server)')
    .option('--head <seq:hash>', 'a head that was noted earlier, which has to be in it', notedHead)
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', anywhereText('pawl audit verify audit.jsonl'))
    .action(async (file: string | undefined, options: ReleaseOptions & { readonly head?: NotedHead }) => {
      const { verifyAudit } = await import('./audit/verify.ts');
      await verifyAudit(file, options);
    });
}
