import { InvalidArgumentError, Option } from 'commander';

/** What the first argument of most commands about releases is. */
export const agentHelp = 'the id of the agent, or its name';

/** The alias that is meant when nobody says which. */
export const usualAlias = 'production';

/** What an argument is that may be left out. */
export const aliasHelp: string = `the alias (default: ${usualAlias})`;

/** The `--alias` of commands that are about a version. */
export function aliasOption(): Option {
  return new Option('--alias <alias>', 'the alias').default(usualAlias);
}

/** The `--reason` of commands that change something. */
export function reasonOption(): Option {
  return new Option('--reason <text>', 'why, for the history and the audit log');
}

const mostApprovals = 10;

/** Reads how many approvals a policy asks for. */
export function approvalCount(text: string): number {
  const value = Number(text);
  if (/^\d{1,2}$/.test(text) && value <= mostApprovals) return value;
  throw new InvalidArgumentError(`It has to be a whole number from 0 to ${mostApprovals}.`);
}
