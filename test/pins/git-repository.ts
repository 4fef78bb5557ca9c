import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freshFolder } from '../pawl-process.ts';

/** A real repository in a folder of its own, which is gone after the test. */
export type GitRepository = {
  readonly folder: string;
  git(...args: readonly string[]): string;
  /** Writes files. */
  write(files: Readonly<Record<string, string>>): void;
  /** Writes files, commits everything and gives the commit. */
  commit(files: Readonly<Record<string, string>>): string;
};

/** Nothing of the test machine's own settings gets in. */
const settings = {
  ...{ GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
  ...{ GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.test' },
  ...{ GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.test' },
};

/** Makes a repository without commits, on the branch main. */
export function gitRepository(folder: string = freshFolder()): GitRepository {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, {
      ...{ cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
      env: { PATH: process.env['PATH'], ...settings },
    }).trim();
  const write = (files: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
  };
  git('init', '--quiet', '--initial-branch=main');
  return {
    ...{ folder, git, write },
    commit(files) {
      write(files);
      git('add', '--all');
      git('commit', '--quiet', '--message=A change');
      return git('rev-parse', 'HEAD');
    },
  };
}

/** The text of a pins file with one pin. */
export function onePin(
  version: number,
  { agent = 'agent_1', name = 'triage', lines = [] }: PinText = {},
): string {
  const fields = [`agent: ${agent}`, `version: ${version}`, ...lines];
  return `pins:\n  ${name}:\n${fields.map((line) => `    ${line}\n`).join('')}`;
}

type PinText = { readonly agent?: string; readonly name?: string; readonly lines?: readonly string[] };
