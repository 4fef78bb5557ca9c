import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../pawl.ts';
import { pawlHere as pawl } from '../pawl-here.ts';
import type { Finished } from '../pawl-process.ts';
import { callersRepository, makeTriage, triageEval, triagePins } from './callers.ts';
import { type GitRepository, gitRepository } from './git-repository.ts';

/*
 * The goal: a pull request that pins another version is held to evidence, whoever wrote it. The method: a real git
 * repository as callers have it, a real server with the tutorial's agent, and `pawl check` as a process.
 */

let at: TestPawl;
let agent: string;
beforeAll(async () => {
  at = await startPawl();
  agent = await makeTriage(at.client);
});
afterAll(() => at.server.close());

/** Several evals run one after another. */
const patience = { timeout: 90_000 };

const check = (cwd: string, ...args: readonly string[]): Promise<Finished> =>
  pawl(['check', ...args], { cwd, env: { PAWL_URL: at.url, PAWL_KEY: at.key } });

/** A branch of main that pins a version. */
function branch(repository: GitRepository, version: number, pins: string = triagePins(agent, version)): void {
  repository.git('checkout', '--quiet', '-B', `pin-${version}`, 'main');
  repository.commit({ 'pawl.pins.yaml': pins });
}

/** Takes a branch into main. */
function merge(repository: GitRepository, version: number): string {
  repository.git('checkout', '--quiet', 'main');
  repository.git('merge', '--quiet', '--no-ff', '--no-edit', `pin-${version}`);
  return repository.git('rev-parse', 'HEAD');
}

test('The life of a pin, from a bad version to a good one and back', patience, async () => {
  const repository = callersRepository(agent);
  const { folder } = repository;
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');

  branch(repository, 2);
  const bad = await check(folder, '--markdown', 'out/check.md', '--junit', 'out/check.xml');
  expect(bad.code, bad.stdout).toBe(1);
  expect(bad.stdout).toMatch(/^ticket-triage {2}version 1 → 2 {2}fail\n/);
  expect(bad.stdout).toContain('billing\n  v1: 4/5\n  v2: 2/5  <-- regressed');
  expect(bad.stderr).toContain('Version 2: 20 of 20');
  const comment = read('out/check.md');
  expect(comment).toMatch(
    /^<!-- pawl-check -->\n> \[!CAUTION\]\n> \*\*fail\*\*: ticket-triage does not pass, /,
  );
  expect(comment).toContain('| ticket-triage | version 1 → 2 | fail | billing lost 2 of 5 cases');
  expect(comment).toMatch(
    /\n<details open><summary>ticket-triage: this check’s comparison, cmp_\w+<\/summary>\n\n/,
  );
  expect(comment).toContain('| billing | 4/5 | 2/5 |');
  expect(comment).toContain('| t-02 | billing | wrong | billing | billing | api-platform |');
  expect(comment.match(/<!-- pawl/g)).toHaveLength(1);
  expect(read('out/check.xml')).toContain('<testsuite name="ticket-triage" tests="6" failures="2"');

  // The branch goes on and pins a good version; what it tried on its way is forgotten.
  repository.commit({ 'pawl.pins.yaml': triagePins(agent, 3) });
  repository.git('branch', '--force', 'pin-3');
  const good = await check(folder, '-o', 'markdown');
  expect(good.code, good.stdout).toBe(0);
  expect(good.stdout).toMatch(
    /^<!-- pawl-check -->\n> \[!TIP\]\n> \*\*pass\*\*: the one pin that differs from main at \w+ passes\n/,
  );
  expect(good.stderr).toContain('Version 1: 20 of 20');
  const again = await check(folder, '--no-run', '-o', 'json');
  expect(again.code).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({
    ...{ schema: 1, verdict: 'pass', exit_code: 0 },
    pins: [
      {
        name: 'ticket-triage',
        change: 'repinned',
        verdict: 'pass',
        found: true,
        report: { verdict: 'pass' },
      },
    ],
  });
  const first = repository.git('rev-parse', 'main');
  merge(repository, 3);
  expect(await check(folder)).toMatchObject({
    ...{ code: 0, stderr: '' },
    stdout: expect.stringMatching(
      /^ticket-triage {2}version 3, unchanged {2}pass\n\npass: no pin differs from main/,
    ),
  });

  branch(repository, 1);
  const back = await check(folder, '--no-run');
  expect(back.code, back.stdout).toBe(0);
  expect(back.stdout).toContain(`A rollback: commit ${first.slice(0, 12)} of `);
  // At night, with the server down and the eval gone, it still is one.
  repository.git('rm', '--quiet', '-r', 'evals');
  const night = await pawl(['check', '--url', 'http://127.0.0.1:9'], { cwd: folder });
  expect(night.code, night.stdout).toBe(0);
  expect(night.stdout).toMatch(
    /A rollback: .*\n {2}Whether the version is still there could not be found out: /,
  );
  repository.git('reset', '--quiet', '--hard');
  merge(repository, 1);

  // Version 2 was only ever on a branch, and version 3 is ahead of what is pinned now.
  branch(repository, 2);
  expect(await check(folder, '--no-run', '-o', 'json')).toMatchObject({
    ...{ code: 1, stdout: expect.stringContaining('"found": true') },
  });
  branch(repository, 3);
  expect(await check(folder, '--no-run')).toMatchObject({
    ...{ code: 0, stdout: expect.not.stringContaining('rollback') },
  });
});

test('A clone without the oldest commits does not take a step forward for a rollback', patience, async () => {
  const repository = callersRepository(agent);
  for (const version of [2, 1]) repository.commit({ 'pawl.pins.yaml': triagePins(agent, version) });
  const clone = gitRepository();
  clone.git('fetch', '--quiet', '--depth=2', `file://${repository.folder}`, 'main');
  clone.git('reset', '--quiet', '--hard', 'FETCH_HEAD');
  branch(clone, 2);
  const asked = await check(clone.folder, '-o', 'json');
  expect(asked.code, asked.stdout).toBe(1);
  expect(asked.stdout).not.toContain('A rollback');
  expect(asked.stdout).toContain('Whether this goes back to an earlier pin is not known: git has only');
  expect(asked.stdout).toContain('git fetch --unshallow');
  // Whoever goes back at night has to be told why that is not enough.
  const night = await pawl(['check', '--url', 'http://127.0.0.1:9'], { cwd: clone.folder });
  expect(night.code, night.stdout).toBe(3);
  expect(night.stdout).toMatch(/No server answers[\s\S]*git fetch --unshallow/);
});

describe('A branch that', patience, () => {
  const jsonOf = async (folder: string, ...args: readonly string[]) => {
    const { code, stdout, stderr } = await check(folder, '-o', 'json', ...args);
    expect(stdout, stderr).not.toBe('');
    return { code, ...(JSON.parse(stdout) as { pins: Record<string, unknown>[] }) };
  };

  test('pins a version that is not there fails, whatever its eval says', async () => {
    const repository = callersRepository(agent);
    branch(repository, 9, triagePins(agent, 9, []));
    const found = await jsonOf(repository.folder);
    expect(found).toMatchObject({ code: 1, pins: [{ verdict: 'fail' }] });
    expect(found.pins[0]?.['reason']).toMatch(/^No session can be opened: .*version 9/);
  });

  test('names no eval has nothing to speak for it', async () => {
    const repository = callersRepository(agent);
    branch(repository, 3, triagePins(agent, 3, []));
    const found = await jsonOf(repository.folder);
    expect(found).toMatchObject({ code: 2, pins: [{ verdict: 'inconclusive' }] });
    expect(found.pins[0]?.['remarks']).toEqual([
      'The pin’s eval has changed as well, from evals/triage.yaml to none.',
    ]);
    const flags = ['--inconclusive-as', 'pass'];
    expect((await jsonOf(repository.folder, ...flags)).code).toBe(0);
    const given = await check(repository.folder, '--eval', 'evals/triage.yaml');
    expect(given.code, given.stdout).toBe(0);
  });

  test('loosens or tightens the eval is judged by the eval as it is now', async () => {
    const repository = callersRepository(agent);
    branch(repository, 2);
    repository.write({ 'evals/triage.yaml': triageEval(agent, 'margin: 0.1') });
    const none = await jsonOf(repository.folder, '--no-run');
    expect(none).toMatchObject({ code: 2, pins: [{ verdict: 'inconclusive', report: null }] });
    expect(none.pins[0]?.['reason']).toMatch(
      /^There is no comparison of version 2 with version 1 by eval triage \(revision \d+\)/,
    );
    expect(await jsonOf(repository.folder)).toMatchObject({
      ...{ code: 2, pins: [{ verdict: 'inconclusive', report: { verdict: 'inconclusive' } }] },
    });
    expect((await jsonOf(repository.folder, '--inconclusive-as', 'fail')).code).toBe(1);
  });

  test('adds, removes and changes pins is judged pin by pin, and ends as the worst', async () => {
    const repository = callersRepository(agent);
    const pin = (name: string, version: number, of = agent): string =>
      triagePins(of, version).replace('pins:\n', '').replace('ticket-triage', name);
    const gone = pin('old', 1, 'agent_other');
    repository.commit({ 'pawl.pins.yaml': `${triagePins(agent, 1)}${gone}` });
    branch(
      repository,
      7,
      `${triagePins(agent, 1)}${pin('new', 2)}${pin('broken', 1).replace('triage.yaml', 'none.yaml')}`,
    );
    const found = await jsonOf(repository.folder);
    expect(found).toMatchObject({
      code: 3,
      pins: [
        { name: 'ticket-triage', change: 'unchanged', verdict: 'pass' },
        { name: 'new', change: 'added', verdict: 'pass' },
        { name: 'broken', change: 'added', verdict: 'error', reason: expect.stringContaining('none.yaml') },
        { name: 'old', change: 'removed', verdict: 'pass' },
      ],
    });
    expect(found.pins[1]?.['reason']).toMatch(
      /^New, so that there is nothing to compare it with: .* eval run erun_\w+ /,
    );
    expect(found.pins[1]?.['eval_run_id']).toMatch(/^erun_/);
    const text = await check(repository.folder, '-o', 'markdown', '--no-run');
    expect(text.stdout).toContain('<details><summary>new: an earlier eval run, erun_');
    expect(text.stdout).toContain('> **error**: broken does not pass, compared with main at ');
  });

  test('renames a pin gets no version past the gate by it', async () => {
    const repository = callersRepository(agent);
    const renamed = (version: number): string =>
      triagePins(agent, version).replace('ticket-triage', 'triage-of-tickets');
    branch(repository, 2, renamed(2));
    const worse = await jsonOf(repository.folder);
    expect(worse).toMatchObject({
      code: 1,
      pins: [
        { name: 'triage-of-tickets', change: 'renamed', verdict: 'fail', from: { version: 1 } },
        { name: 'ticket-triage', change: 'removed', verdict: 'pass' },
      ],
    });
    const table = await check(repository.folder, '--no-run');
    expect(table.stdout).toMatch(
      /^triage-of-tickets +version 1 → 2, under a new name: was ticket-triage +fail\n/,
    );
    repository.commit({ 'pawl.pins.yaml': renamed(1) });
    expect(await jsonOf(repository.folder, '--url', 'http://127.0.0.1:9')).toMatchObject({
      ...{ code: 0, pins: [{ change: 'renamed', verdict: 'pass' }, { change: 'removed' }] },
    });

    // Of two that are gone, nobody can tell which one it was.
    repository.git('checkout', '--quiet', 'main');
    const second = triagePins(agent, 1).replace('pins:\n', '').replace('ticket-triage', 'second');
    repository.commit({ 'pawl.pins.yaml': `${triagePins(agent, 1)}${second}` });
    branch(repository, 2, renamed(2));
    const open = await jsonOf(repository.folder);
    expect(open).toMatchObject({ code: 0, pins: [{ change: 'added' }, {}, {}] });
    expect(open.pins[0]?.['remarks']).toEqual([
      'Pins of the same agent are gone: ticket-triage, second. Whether it is one of them under a new name is not known.',
    ]);
  });

  test('takes another agent is judged by what callers get', async () => {
    const other = await makeTriage(at.client);
    const repository = callersRepository(agent);
    branch(repository, 2, triagePins(other, 2));
    const worse = await jsonOf(repository.folder);
    expect(worse).toMatchObject({ code: 1, pins: [{ change: 'moved', verdict: 'fail' }] });
    expect(worse.pins[0]?.['remarks']).toEqual([
      'The agent has changed: both were run by the same eval and compared.',
    ]);
    expect(await jsonOf(repository.folder, '--no-run')).toMatchObject({ code: 1, pins: [{ found: true }] });
    repository.git('checkout', '--quiet', 'main');
    repository.commit({ 'pawl.pins.yaml': triagePins(other, 2) });
    repository.commit({ 'pawl.pins.yaml': triagePins(agent, 3) });
    repository.git('checkout', '--quiet', '-b', 'back');
    repository.commit({ 'pawl.pins.yaml': triagePins(other, 2) });
    expect(await jsonOf(repository.folder)).toMatchObject({
      ...{ code: 0, pins: [{ change: 'moved', reason: expect.stringContaining('A rollback: commit') }] },
    });
    await at.client.beta.agents.archive(other);
    const archived = await jsonOf(repository.folder, '--no-run');
    expect(archived).toMatchObject({ code: 1, pins: [{ reason: expect.stringContaining('is archived') }] });

    // The other way round, the agent that is pinned is gone.
    const left = callersRepository(other);
    branch(left, 3, triagePins(agent, 3));
    const open = await jsonOf(left.folder);
    expect(open).toMatchObject({ code: 2, pins: [{ verdict: 'inconclusive' }] });
    expect(open.pins[0]?.['reason']).toMatch(
      /^What it is to be compared with cannot be run: agent agent_\w+ is archived\.$/,
    );
  });
});

describe('A hosted endpoint', patience, () => {
  const hosted = (cwd: string, ...args: readonly string[]): Promise<Finished> =>
    pawl(['check', '--endpoint', at.url, ...args], { cwd, env: { PAWL_ENDPOINT_KEY: at.key } });

  test('is asked for versions and answers, and everything else stays in the folder', async () => {
    const repository = callersRepository(agent);
    const { folder } = repository;
    branch(repository, 2);
    const bad = await hosted(folder);
    expect(bad.code, bad.stdout).toBe(1);
    expect(bad.stdout).toContain('v2: 2/5  <-- regressed');
    repository.commit({ 'pawl.pins.yaml': triagePins(agent, 3) });
    const good = await hosted(folder);
    expect(good.code, good.stdout).toBe(0);
    expect(good.stderr).toContain('20 of 20');
    expect(await hosted(folder, '--no-run', '-o', 'json')).toMatchObject({
      ...{ code: 0, stdout: expect.stringContaining('"found": true') },
    });
    repository.commit({ 'pawl.pins.yaml': triagePins(agent, 9) });
    const absent = await hosted(folder);
    expect(absent).toMatchObject({ code: 1, stdout: expect.stringContaining('version 9') });
  });

  test('vouches for nothing at another URL, and for itself however its URL is written', async () => {
    const repository = callersRepository(agent);
    const { folder } = repository;
    branch(repository, 3);
    expect((await hosted(folder)).code).toBe(0);
    const env = { PAWL_ENDPOINT_KEY: at.key };
    const verdictAt = async (url: string) => {
      const found = await pawl(['check', '--endpoint', url, '--no-run', '-o', 'json'], { cwd: folder, env });
      const { pins } = JSON.parse(found.stdout) as {
        pins: { verdict: string; reason: string; found: boolean }[];
      };
      return { code: found.code, ...pins[0] };
    };
    expect(await verdictAt(`${at.url.replace('http:', 'HTTP:')}/`)).toMatchObject({ code: 0, found: true });
    // Another address of the very same server: its agents are there, and only the evidence is not.
    const other = at.url.replace('127.0.0.1', 'localhost');
    expect(await verdictAt(other)).toMatchObject({
      ...{ code: 2, verdict: 'inconclusive', found: null },
      reason: expect.stringContaining('There is no comparison of version 3 with version 1'),
    });
    const run = await pawl(['eval', 'run', 'triage', '--endpoint', at.url], { cwd: folder, env });
    expect(run).toMatchObject({ code: 3, stderr: expect.stringContaining('does not run at that endpoint') });
    const again = await pawl(['check', '--endpoint', other], { cwd: folder, env });
    expect(again.code, again.stdout).toBe(0);
    expect(again.stderr).toContain('Version 3: 20 of 20, ');
    expect(again.stderr).not.toContain('reused');
  });

  test('that cannot be reached, or that a server stands in the way of, is no answer', async () => {
    const repository = callersRepository(agent);
    branch(repository, 2);
    const cwd = repository.folder;
    const env = { PAWL_ENDPOINT_KEY: at.key };
    const silent = await pawl(['check', '--endpoint', 'http://127.0.0.1:9'], { cwd, env });
    expect(silent).toMatchObject({ code: 3, stdout: expect.stringContaining('No server answers') });
    const both = await pawl(['check', '--endpoint', at.url, '--url', at.url], { cwd, env });
    expect(both).toMatchObject({ code: 3, stdout: expect.stringContaining('--endpoint is for evals') });
  });
});

test('What cannot be compared at all is said before anything runs', patience, async () => {
  const repository = callersRepository(agent);
  const { folder } = repository;
  const complaint = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await check(folder, ...args);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    return stderr;
  };
  expect(await complaint('--base', 'nowhere')).toMatch(/^pawl: git knows no nowhere;/);
  expect(await complaint('--base=--output=x')).toMatch(/no git ref/);
  expect(await complaint('--base', 'main', '--base-file', 'pawl.pins.yaml')).toMatch(/name one of them/);
  expect(await complaint('--file', 'none.yaml')).toBe(
    'pawl: none.yaml: there is no such file; `pawl pin set` makes it.\n',
  );
  repository.write({ 'pawl.pins.yaml': triagePins(agent, 0) });
  expect(await complaint()).toBe(
    'pawl: pawl.pins.yaml: pins.ticket-triage.version: must be a whole number from 1.\n',
  );
});
