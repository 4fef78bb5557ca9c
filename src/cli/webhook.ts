import { Command, Option } from 'commander';
import { asksServer, exampleText } from './server-command.ts';
import {
  type CallOptions,
  type CreateOptions,
  createWebhook,
  type DeadOptions,
  type DeliveriesOptions,
  deleteWebhook,
  listDead,
  listDeliveries,
  listWebhooks,
  type ReplayOptions,
  replay,
  rotateSecret,
  setState,
  showWebhook,
  testWebhook,
} from './webhook/calls.ts';

/** `pawl webhook`: who is told what happens on a server. */
export function webhookCommand(): Command {
  return new Command('webhook')
    .description('have a running server tell other systems what happens on it')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(deliveriesCommand())
    .addCommand(deadCommand())
    .addCommand(testCommand())
    .addCommand(replayCommand())
    .addCommand(rotateCommand())
    .addCommand(stateCommand('enable', 'send to a webhook again, what has waited first'))
    .addCommand(stateCommand('disable', 'send nothing more to a webhook until it is enabled'))
    .addCommand(deleteCommand())
    .addHelpText('after', example('pawl webhook create https://hooks.example.com/pawl'));
}

function createCommand(): Command {
  const command = new Command('create')
    .description('make a webhook and show its signing secret, once')
    .argument('<url>', 'where events are posted to, by HTTPS')
    .option('--events <types>', 'the types of events that it is told of, separated by commas; * for all', '*')
    .option('--description <text>', 'what it is for')
    .action((url: string, options: CreateOptions) => createWebhook(url, options));
  return finished(command, 'pawl webhook create https://hooks.example.com/pawl --events promotion.created');
}

function listCommand(): Command {
  const command = new Command('list')
    .description('list webhooks, newest first')
    .action((options: CallOptions) => listWebhooks(options));
  return finished(command, 'pawl webhook list');
}

function showCommand(): Command {
  const command = withId(new Command('show'))
    .description('show a webhook, without its secret')
    .action((id: string, options: CallOptions) => showWebhook(id, options));
  return finished(command, 'pawl webhook show wbhk_…');
}

function deliveriesCommand(): Command {
  const command = withId(new Command('deliveries'))
    .description('show the newest fifty things that a webhook was told, and what became of them')
    .addOption(
      new Option('--status <status>', 'only those that stand so').choices(['pending', 'delivered', 'dead']),
    )
    .action((id: string, options: DeliveriesOptions) => listDeliveries(id, options));
  return finished(command, 'pawl webhook deliveries wbhk_… --status dead');
}

function deadCommand(): Command {
  const command = new Command('dead')
    .description('show the newest fifty deliveries that were given up, whichever webhook they were for')
    .option('--webhook <id>', 'only those of this webhook')
    .option('--event <type>', 'only events of this type')
    .option('--since <time>', 'only events since then, such as 2026-01-31T12:00:00Z')
    .action((options: DeadOptions) => listDead(options));
  return finished(command, 'pawl webhook dead --event session.status_idled');
}

function testCommand(): Command {
  const command = withId(new Command('test'))
    .description('send a webhook a test event')
    .action((id: string, options: CallOptions) => testWebhook(id, options));
  return finished(command, 'pawl webhook test wbhk_…');
}

function replayCommand(): Command {
  const command = new Command('replay')
    .description('send a delivery again, or all dead ones of a webhook, under the same event ids')
    .argument('<id>', 'the id of the delivery, as `pawl webhook deliveries` shows it, or of a webhook')
    .option('--since <time>', 'of a webhook, only events since then, such as 2026-01-31T12:00:00Z')
    .action((id: string, options: ReplayOptions) => replay(id, options));
  return finished(command, 'pawl webhook replay wbhk_… --since 2026-01-31T12:00:00Z');
}

function rotateCommand(): Command {
  const command = withId(new Command('rotate'))
    .description('make a new signing secret and show it, once; the one before is signed with for a day more')
    .action((id: string, options: CallOptions) => rotateSecret(id, options));
  return finished(command, 'pawl webhook rotate wbhk_…');
}

function stateCommand(name: 'enable' | 'disable', description: string): Command {
  const command = withId(new Command(name))
    .description(description)
    .action((id: string, options: CallOptions) => setState(id, `${name}d`, options));
  return finished(command, `pawl webhook ${name} wbhk_…`);
}

function deleteCommand(): Command {
  const command = withId(new Command('delete'))
    .description('delete a webhook with all its deliveries')
    .action((id: string, options: CallOptions) => deleteWebhook(id, options));
  return finished(command, 'pawl webhook delete wbhk_…');
}

function withId(command: Command): Command {
  return command.argument('<id>', 'the id of the webhook, as `pawl webhook list` shows it');
}

const note = 'It takes an admin key, from PAWL_KEY, or else PAWL_API_KEY, or else ANTHROPIC_API_KEY.';

function finished(command: Command, line: string): Command {
  return asksServer(command, { line, note });
}

function example(line: string): string {
  return exampleText({ line, note });
}
