import { Option } from 'commander';

/** What help calls the files of a command. */
export const pathsHelp = 'files, or folders of .md files (default: agents)';

/** The `--lock` of commands about agent files. */
export function lockOption(): Option {
  return new Option('--lock <file>', 'which agents the files stand for; each server needs its own').default(
    'pawl.lock.json',
  );
}
