import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freshFolder } from '../../../test/pawl-process.ts';
import { type GitRepository, gitRepository, onePin } from '../../../test/pins/git-repository.ts';
import { baseCommit, fileAtCommit, fileHistory } from './git.ts';

const pinsOf = ({ folder }: GitRepository): string => join(folder, 'pawl.pins.yaml');

describe('The base of a branch', () => {
  test('is where it left main, whatever has become of main since', async () => {
    const repository = gitRepository();
    const first = repository.commit({ 'pawl.pins.yaml': onePin(1) });
    repository.git('checkout', '--quiet', '-b', 'mine');
    repository.commit({ 'pawl.pins.yaml': onePin(2) });
    repository.git('checkout', '--quiet', 'main');
    const second = repository.commit({ 'pawl.pins.yaml': onePin(3) });
    repository.git('checkout', '--quiet', 'mine');
    const file = pinsOf(repository);
    expect(await baseCommit(file, undefined)).toEqual({ commit: first, ref: 'main' });
    expect(await baseCommit(file, second)).toEqual({ commit: first, ref: second });
    expect(await baseCommit(file, 'HEAD~1')).toEqual({ commit: first, ref: 'HEAD~1' });
  });

  test('is taken from the origin before it is taken from main', async () => {
    const repository = gitRepository();
    const first = repository.commit({ 'pawl.pins.yaml': onePin(1) });
    repository.git('update-ref', 'refs/remotes/origin/main', first);
    repository.commit({ 'pawl.pins.yaml': onePin(2) });
    expect(await baseCommit(pinsOf(repository), undefined)).toEqual({ commit: first, ref: 'origin/main' });
    repository.git('update-ref', 'refs/remotes/origin/trunk', 'HEAD');
    repository.git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/trunk');
    expect((await baseCommit(pinsOf(repository), undefined)).ref).toBe('origin/HEAD');
  });

  test.each(['--output=x', '-c', '', 'a b', 'a\nb', 'a\u0000b'])('is not called %j', async (ref) => {
    const repository = gitRepository();
    await expect(baseCommit(pinsOf(repository), ref)).rejects.toThrow(
      'is no git ref: it may not begin with a dash',
    );
  });

  test('is missed with words that help', async () => {
    const repository = gitRepository();
    const file = pinsOf(repository);
    await expect(baseCommit(file, undefined)).rejects.toThrow(
      'git knows no origin/HEAD, origin/main, main; name what',
    );
    repository.commit({ 'pawl.pins.yaml': onePin(1) });
    await expect(baseCommit(file, 'none')).rejects.toThrow('git knows no none; name what to compare with');
    await expect(baseCommit(file, 'a..b')).rejects.toThrow('git knows no a..b');
    repository.git('checkout', '--quiet', '--orphan', 'stranger');
    repository.commit({ 'pawl.pins.yaml': onePin(2) });
    await expect(baseCommit(file, 'main')).rejects.toThrow(
      'git knows no commit that HEAD and main have in common; in CI, fetch the whole history (fetch-depth: 0)',
    );
    await expect(baseCommit(join(freshFolder(), 'p.yaml'), undefined)).rejects.toThrow(
      'git: not a git repository',
    );
  });
});

describe('A file of the past', () => {
  test('is read as it was committed', async () => {
    const repository = gitRepository();
    const text = `# Größe\r\n${onePin(1)}\n\n`;
    const commit = repository.commit({ 'a folder/p s.yaml': text });
    const file = join(repository.folder, 'a folder/p s.yaml');
    expect(await fileAtCommit(file, commit)).toBe(text);
    expect(await fileAtCommit(join(repository.folder, 'a folder/none.yaml'), commit)).toBeNull();
    await expect(fileAtCommit(join(repository.folder, 'a folder/a\nb'), commit)).rejects.toThrow(
      'has to be one line',
    );
  });

  test('comes with the commits of its line, the newest first, and not with what a branch tried', async () => {
    const repository = gitRepository();
    const first = repository.commit({ 'pawl.pins.yaml': onePin(1) });
    repository.commit({ other: 'x' });
    repository.git('checkout', '--quiet', '-b', 'mine');
    repository.commit({ 'pawl.pins.yaml': onePin(2) });
    repository.commit({ 'pawl.pins.yaml': onePin(3) });
    repository.git('checkout', '--quiet', 'main');
    repository.git('merge', '--quiet', '--no-ff', '--no-edit', 'mine');
    const merged = repository.git('rev-parse', 'HEAD');
    repository.git('rm', '--quiet', 'pawl.pins.yaml');
    const removed = repository.commit({});
    const { states, missing } = await fileHistory(pinsOf(repository), removed);
    expect(missing).toBeNull();
    expect(states.map(({ commit, text }) => [commit, text])).toEqual([
      [removed, null],
      [merged, onePin(3)],
      [first, onePin(1)],
    ]);
    expect(states[0]?.date).toMatch(/^\d{4}-\d\d-\d\d$/);
  });

  test('is looked for in the newest thousand commits', { timeout: 60_000 }, async () => {
    const repository = gitRepository();
    const lines = Array.from({ length: 1001 }, (_, i) => {
      const text = onePin(i + 1);
      return [
        ...['commit refs/heads/main', `committer A <a@b> ${1_700_000_000 + i} +0000`, 'data 1', 'x'],
        ...['M 100644 inline pawl.pins.yaml', `data ${text.length}`, text],
      ].join('\n');
    });
    execFileSync('git', ['fast-import', '--quiet'], { cwd: repository.folder, input: lines.join('\n') });
    writeFileSync(pinsOf(repository), '');
    const { states, missing } = await fileHistory(pinsOf(repository), 'main');
    expect(states).toHaveLength(1000);
    expect(states.at(-1)?.text).toBe(onePin(2));
    expect(missing).toMatch(/^more than 1000 commits changed the file/);
    const older = await fileHistory(pinsOf(repository), 'main~1');
    expect({ ...older, states: older.states.length }).toEqual({ states: 1000, missing: null });
  });

  test('is not known to be whole in a clone that was cut off, until the rest is fetched', async () => {
    const repository = gitRepository();
    for (const version of [1, 2, 1]) repository.commit({ 'pawl.pins.yaml': onePin(version) });
    const folder = freshFolder();
    repository.git('clone', '--quiet', '--depth=2', `file://${repository.folder}`, folder);
    const file = join(folder, 'pawl.pins.yaml');
    const cut = await fileHistory(file, 'HEAD');
    expect(cut.states.map(({ text }) => text)).toEqual([onePin(1), onePin(2)]);
    expect(cut.missing).toContain('`git fetch --unshallow` gets the rest');
    repository.git('-C', folder, 'fetch', '--quiet', '--unshallow');
    const { states, missing } = await fileHistory(file, 'HEAD');
    expect({ states: states.length, missing }).toEqual({ states: 3, missing: null });
  });
});
