import { Option } from 'commander';

/** The `--expected-from` of commands that score what was recorded. */
export function expectedOption(): Option {
  return new Option(
    '--expected-from <source>',
    'take what was answered as what is expected, for scorers that need it',
  ).choices(['recorded']);
}
