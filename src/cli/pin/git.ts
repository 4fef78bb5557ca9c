import { execFile } from 'node:child_process';
import { basename, dirname, resolve } from 'node:path';
import { CommandError } from '../command-error.ts';

/** A commit to compare with, and how whoever asked for it called it. */
export type BaseCommit = { readonly commit: string; readonly ref: string };

/** One state of a file in a history. */
export type FileAt = {
  readonly commit: string;
  readonly date: string;
  /** Null where the commit does not have the file. */
  readonly text: string | null;
};

const usualRefs = ['origin/HEAD', 'origin/main', 'main'];

/**
 * The commit where the current one left a ref; absent takes `origin/HEAD`, `origin/main` or `main`, the first that
 * there is. `file` says which repository is meant.
 * @throws CommandError when there is no repository, no such ref or no common commit.
 */
export async function baseCommit(file: string, ref: string | undefined): Promise<BaseCommit> {
  const folder = folderOf(file);
  const tried = ref === undefined ? usualRefs : [checkedRef(ref)];
  for (const one of tried) {
    const tip = await git(folder, ['rev-parse', '--verify', '--quiet', `${one}^{commit}`]);
    if (!tip.ok && !tip.silent) throw new CommandError(`git: ${tip.problem}`);
    if (!tip.ok) continue;
    const base = await git(folder, ['merge-base', tip.stdout.trim(), 'HEAD']);
    if (base.ok) return { commit: base.stdout.trim(), ref: one };
    const why = base.silent ? '' : ` (${base.problem})`;
    throw new CommandError(
      `git knows no commit that HEAD and ${one} have in common${why}; in CI, fetch the whole history (fetch-depth: 0)`,
    );
  }
  throw new CommandError(
    `git knows no ${tried.join(', ')}; name what to compare with, and in CI fetch it (fetch-depth: 0)`,
  );
}

/** A file as a commit has it; null when it does not. @throws CommandError */
export async function fileAtCommit(file: string, commit: string): Promise<string | null> {
  const [found = null] = await readBlobs(file, [commit]);
  return found;
}

/** How a file came to be what it is. */
export type FileHistory = {
  /** The newest first. */
  readonly states: readonly FileAt[];
  /** Why older ones are not there, as a clause for people, with a way to get them if there is one; null when all are. */
  readonly missing: string | null;
};

/** How far back a history is looked through. */
const mostCommits = 1000;

/**
 * A file in those commits of a line that changed it, at most a thousand. Commits that came in by a merge are left
 * out: what a branch tried on its way was never in force where it was merged.
 * @throws CommandError
 */
export async function fileHistory(file: string, commit: string): Promise<FileHistory> {
  const args = ['log', '--first-parent', `--max-count=${mostCommits + 1}`, '--format=%H %cs', commit];
  const log = await must(folderOf(file), [...args, '--', nameOf(file)]);
  const all = log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '));
  const commits = all.slice(0, mostCommits);
  const texts = await readBlobs(
    file,
    commits.map(([hash = '']) => hash),
  );
  return {
    states: commits.map(([hash = '', date = ''], i) => ({ commit: hash, date, text: texts[i] ?? null })),
    missing: all.length > mostCommits ? tooLong : await missingCommits(file),
  };
}

const tooLong = `more than ${mostCommits} commits changed the file, and older ones are not looked at`;
const cutOff =
  'git has only the newest commits here; `git fetch --unshallow` gets the rest (in CI, fetch-depth: 0 or GIT_DEPTH: 0)';

/** Where a clone was cut off, its oldest commits look like the first ones. */
async function missingCommits(file: string): Promise<string | null> {
  const answer = await must(folderOf(file), ['rev-parse', '--is-shallow-repository']);
  return answer.trim() === 'false' ? null : cutOff;
}

async function readBlobs(file: string, commits: readonly string[]): Promise<readonly (string | null)[]> {
  if (commits.length === 0) return [];
  const name = nameOf(file);
  const wanted = commits.map((commit) => `${commit}:./${name}\n`).join('');
  const answer = Buffer.from(await must(folderOf(file), ['cat-file', '--batch'], wanted), 'latin1');
  const texts: (string | null)[] = [];
  for (let at = 0; texts.length < commits.length; ) {
    const end = answer.indexOf('\n', at);
    if (end === -1) throw new CommandError('git cat-file broke off');
    const [, size] = / blob (\d+)$/.exec(answer.toString('latin1', at, end)) ?? [];
    at = end + 1;
    texts.push(size === undefined ? null : answer.toString('utf8', at, at + Number(size)));
    if (size !== undefined) at += Number(size) + 1;
  }
  return texts;
}

/** A ref as git may be given it: nothing in it can be taken for an option. */
function checkedRef(ref: string): string {
  if (/^[^-\p{Cc}\s][^\p{Cc}\s]*$/u.test(ref)) return ref;
  throw new CommandError(`${JSON.stringify(ref)} is no git ref: it may not begin with a dash or hold spaces`);
}

function folderOf(file: string): string {
  return dirname(resolve(file));
}

function nameOf(file: string): string {
  const name = basename(resolve(file));
  if (!name.includes('\n')) return name;
  throw new CommandError(`${JSON.stringify(file)}: the name of a pins file has to be one line`);
}

type GitAnswer =
  | { readonly ok: true; readonly stdout: string }
  /** `silent` when git had nothing to say, which is how it answers no. */
  | { readonly ok: false; readonly silent: boolean; readonly problem: string };

const timeoutMs = 15_000;
const maxBytes = 256 * 1024 * 1024;

/** Runs git without a shell; output is given byte by byte, as latin1. @throws CommandError when it cannot run. */
function git(folder: string, args: readonly string[], input = ''): Promise<GitAnswer> {
  const { promise, resolve: settle, reject } = Promise.withResolvers<GitAnswer>();
  const options = { cwd: folder, timeout: timeoutMs, maxBuffer: maxBytes, encoding: 'latin1' } as const;
  const child = execFile('git', args, options, (error, stdout, stderr) => {
    if (error === null) return settle({ ok: true, stdout });
    if (typeof error.code === 'number') {
      const [problem = ''] = Buffer.from(stderr, 'latin1').toString('utf8').trim().split('\n');
      return settle({ ok: false, silent: problem === '', problem: problem.replace(/^fatal: /, '') });
    }
    const why =
      error.killed === true ? `gave no answer in ${timeoutMs / 1000} s` : `cannot be run (${error.code})`;
    return reject(new CommandError(`git ${why}`, { cause: error }));
  });
  // A git that has ended already says why by its exit code.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  return promise;
}

async function must(folder: string, args: readonly string[], input = ''): Promise<string> {
  const answer = await git(folder, args, input);
  if (answer.ok) return answer.stdout;
  throw new CommandError(
    `git ${args[0] ?? ''}: ${answer.problem === '' ? 'failed without a word' : answer.problem}`,
  );
}
