import { Command } from 'commander';
import { packageVersion } from '../version.ts';
import { agentCommand } from './agent.ts';
import { pullCommand } from './agent-files/pull-command.ts';
import { aliasCommand } from './alias.ts';
import { applyCommand } from './apply.ts';
import { auditCommand } from './audit.ts';
import { backtestCommand } from './backtest.ts';
import { backupCommand } from './backup.ts';
import { checkCommand } from './check.ts';
import { copyCommand } from './copy.ts';
import { datasetCommand } from './dataset.ts';
import { doctorCommand } from './doctor.ts';
import { evalCommand } from './eval.ts';
import { exitMeanings } from './exit-codes.ts';
import { fileCommand } from './file.ts';
import { gateCommand } from './gate.ts';
import { keysCommand } from './keys.ts';
import { withManners } from './manners.ts';
import { migrateCommand } from './migrate.ts';
import { pinCommand } from './pin.ts';
import { planCommand } from './plan.ts';
import { promoteCommand } from './promote.ts';
import { promotionCommand } from './promotion.ts';
import { restoreCommand } from './restore.ts';
import { retentionCommand } from './retention.ts';
import { rollbackCommand } from './rollback.ts';
import { rolloutCommand } from './rollout.ts';
import { scoreCommand } from './score.ts';
import { serveCommand } from './serve.ts';
import { sessionCommand } from './session.ts';
import { shadowCommand } from './shadow.ts';
import { statsCommand } from './stats.ts';
import { tutorialCommand } from './tutorial/tutorial.ts';
import { vaultCommand } from './vault.ts';
import { webhookCommand } from './webhook.ts';

/** The command line. Each command loads what it needs when it runs, so that help is quick. */
export function createProgram(): Command {
  const program = new Command('pawl')
    .description('Agents whose prompts are versioned on the server, measured, and rolled back by a number.')
    .version(packageVersion(), '-V, --version', 'print the version')
    // So that commands may have a --version of their own.
    .enablePositionalOptions()
    .addCommand(serveCommand()) //    run the server
    .addCommand(tutorialCommand()) // see a prompt get worse and go back, in a minute and without a key
    .addCommand(planCommand()) //     see what applying agent files would do
    .addCommand(applyCommand()) //    make agents and versions of files
    .addCommand(pullCommand()) //     write what the server has into files
    .addCommand(fileCommand()) //     upload files that messages name
    .addCommand(datasetCommand()) //  the cases that evals run on
    .addCommand(evalCommand()) //     run evals and compare versions
    .addCommand(gateCommand()) //     ask a gate for its verdict
    .addCommand(backtestCommand()) // put what users said to another version
    .addCommand(shadowCommand()) //   have a version answer copies of what users say
    .addCommand(pinCommand()) //      pin versions in a file of the callers' repository
    .addCommand(checkCommand()) //    ask for evidence that changed pins are no worse
    .addCommand(promoteCommand()) //  ask that an alias be moved to a version, on evidence
    .addCommand(promotionCommand()) // review promotions, and carry them out
    .addCommand(rolloutCommand()) //  carry promotions out in steps
    .addCommand(rollbackCommand()) // take an alias back, at once
    .addCommand(aliasCommand()) //    look at and move aliases
    .addCommand(scoreCommand()) //    say what sessions were worth
    .addCommand(agentCommand()) //    see what versions cost
    .addCommand(sessionCommand()) //  take sessions out
    .addCommand(retentionCommand()) // say how long sessions are kept
    .addCommand(statsCommand()) //    calculate what gates calculate
    .addCommand(keysCommand()) //     make, list and revoke API keys
    .addCommand(vaultCommand()) //    keep tokens for MCP servers
    .addCommand(auditCommand()) //    read and check the log of who did what
    .addCommand(webhookCommand()) //  tell other systems what happens
    .addCommand(migrateCommand()) //  bring the schema of the database up to date
    .addCommand(backupCommand()) //   write everything into one file
    .addCommand(restoreCommand()) //  fill an empty database with it
    .addCommand(copyCommand()) //     move to another database
    .addCommand(doctorCommand()) //   check the configuration, the database and the model providers
    .addHelpText('after', `\nExample:\n  $ pawl tutorial\n\n${exitCodeHelp()}`);
  return withManners(program);
}

function exitCodeHelp(): string {
  const lines = Object.entries(exitMeanings).map(([code, meaning]) => `  ${code.padEnd(5)}${meaning}`);
  return ['Exit codes:', ...lines].join('\n');
}
