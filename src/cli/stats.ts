import { Command } from 'commander';

/** `pawl stats`: the statistics that gates are made of, to be tried by hand. Needs no server. */
export function statsCommand(): Command {
  return (
    new Command('stats')
      .description('calculate what gates calculate: intervals, tests, power and agreement')
      .argument('[name]', 'the calculation; without it, all are listed')
      .argument('[input...]', 'what the calculation takes; its own --help tells')
      // What follows the name belongs to the calculation.
      .passThroughOptions()
      .addHelpText(
        'after',
        '\nExample:\n  $ pawl stats paired-table --both-right 59 --harmful 6 --beneficial 16 --both-wrong 80',
      )
      .action(async (name: string | undefined, input: readonly string[]) => {
        const { calculate, listCalculations } = await import('./stats/calculate.ts');
        if (name === undefined) listCalculations();
        else await calculate(name, input);
      })
  );
}
