import { Command, Option } from 'commander';
import { type PromotionStatus, promotionStatuses } from '../core/release.ts';
import { agentHelp, reasonOption } from './alias/release-options.ts';
import type { ReleaseOptions } from './alias/release-server.ts';
import { wholeNumber } from './eval/options.ts';
import { basisHash } from './promotion/basis.ts';
import type { EvaluateOptions } from './promotion/evaluate.ts';
import type { ReviewOptions, Said } from './promotion/review.ts';
import { anywhereText, asksAnywhere } from './server-command.ts';

/** `pawl promotion`: requests to move an alias, and what others say of them. */
export function promotionCommand(): Command {
  return new Command('promotion')
    .description('review promotions, and carry them out')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(approveCommand())
    .addCommand(rejectCommand())
    .addCommand(commentCommand())
    .addCommand(overrideCommand())
    .addCommand(evaluateCommand())
    .addCommand(withdrawCommand())
    .addCommand(applyCommand())
    .addHelpText('after', anywhereText('pawl promotion list --status in_review'));
}

// What each command needs is loaded when it runs, so that help is quick.

function listCommand(): Command {
  const command = new Command('list')
    .description('list promotions, newest first')
    .argument('[agent]', `${agentHelp} (default: all agents)`)
    .addOption(new Option('--status <status>', 'only those that stand so').choices(promotionStatuses))
    .action(
      async (agent: string | undefined, options: ReleaseOptions & { readonly status?: PromotionStatus }) => {
        const { listPromotions } = await import('./promotion/list.ts');
        await listPromotions(agent, options);
      },
    );
  return asksAnywhere(command, 'pawl promotion list triage --status in_review');
}

function showCommand(): Command {
  const command = about('show')
    .description('show what a reviewer needs: what differs, what the gate says, and what others said')
    .action(async (id: string, options: ReleaseOptions) => {
      const { showPromotion } = await import('./promotion/show.ts');
      await showPromotion(id, options);
    });
  return asksAnywhere(command, 'pawl promotion show promo_…');
}

function approveCommand(): Command {
  const command = about('approve')
    .description('approve a promotion of somebody else')
    .option('--comment <text>', 'what to say about it')
    .addOption(basisOption())
    .option('--apply', 'carry it out as well')
    .action(async (id: string, options: ReviewOptions & { readonly comment?: string }) => {
      await review(id, { decision: 'approve', comment: options.comment }, options);
    });
  return asksAnywhere(command, 'pawl promotion approve promo_… --apply');
}

function rejectCommand(): Command {
  const command = about('reject')
    .description('reject a promotion of somebody else, for good')
    .requiredOption('--comment <text>', 'why')
    .addOption(basisOption())
    .action(async (id: string, options: ReviewOptions & { readonly comment: string }) => {
      await review(id, { decision: 'reject', comment: options.comment }, options);
    });
  return asksAnywhere(command, "pawl promotion reject promo_… --comment 'It loses two invoices'");
}

function commentCommand(): Command {
  const command = about('comment')
    .description('say something about a promotion, without deciding on it')
    .argument('<text>', 'what to say')
    .action(async (id: string, comment: string, options: ReleaseOptions) => {
      await review(id, { decision: 'comment', comment }, options);
    });
  return asksAnywhere(command, "pawl promotion comment promo_… 'Why is t-12 lost?'");
}

function overrideCommand(): Command {
  const command = about('override')
    .description('let a promotion of somebody else pass against its evidence, marked for good')
    .requiredOption('--reason <text>', 'why')
    .addOption(basisOption())
    .action(async (id: string, options: ReviewOptions & { readonly reason: string }) => {
      await review(id, { decision: 'override', comment: options.reason }, options);
    });
  return asksAnywhere(command, "pawl promotion override promo_… --reason 'The outage is worse than this'");
}

function evaluateCommand(): Command {
  const command = about('evaluate')
    .description('measure a promotion again, on what there is now')
    .option(
      '--version <version>',
      'another candidate; only who asked for the promotion can change it',
      wholeNumber,
    )
    .option('--eval <name>', 'another eval, where the policy of the alias names none')
    .option('--no-wait', 'begin, and end')
    .action(async (id: string, options: EvaluateOptions) => {
      const { evaluatePromotion } = await import('./promotion/evaluate.ts');
      await evaluatePromotion(id, options);
    });
  return asksAnywhere(command, 'pawl promotion evaluate promo_… --version 4');
}

function withdrawCommand(): Command {
  const command = about('withdraw')
    .description('take a promotion of your own back')
    .addOption(reasonOption())
    .action(async (id: string, options: ReleaseOptions & { readonly reason?: string }) => {
      const { withdrawPromotion } = await import('./promotion/apply.ts');
      await withdrawPromotion(id, options);
    });
  return asksAnywhere(command, 'pawl promotion withdraw promo_…');
}

function applyCommand(): Command {
  const command = about('apply')
    .description('carry a promotion out: the alias moves, if nothing stands in the way')
    .addOption(reasonOption())
    .action(async (id: string, options: ReleaseOptions & { readonly reason?: string }) => {
      const { applyPromotion } = await import('./promotion/apply.ts');
      await applyPromotion(id, options);
    });
  return asksAnywhere(command, 'pawl promotion apply promo_…');
}

async function review(id: string, said: Said, options: ReviewOptions): Promise<void> {
  const { reviewPromotion } = await import('./promotion/review.ts');
  await reviewPromotion(id, said, options);
}

function about(verb: string): Command {
  return new Command(verb).argument('<id>', 'the id of the promotion');
}

function basisOption(): Option {
  return new Option(
    '--basis <hash>',
    'the basis that you looked at, as show gives it; on another one nothing is decided (default: the one there is)',
  ).argParser(basisHash);
}
