import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { freshFolder } from '../pawl-process.ts';
import { gitRepository, onePin } from './git-repository.ts';
import { forgeUser, type StubCommands, stubCommands } from './stub-commands.ts';

/*
 * The goal: in CI, there is one comment whatever happens, and the job ends as the check did. The method: the steps of
 * the action and the script of the template as they stand, in a real shell, with stand-ins for the programs that talk
 * to a forge.
 */

const root = join(import.meta.dirname, '../..');
const marker = '<!-- pawl-check -->';

type Ended = { readonly code: number | null; readonly output: string };

function shell(command: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Ended {
  const [program = '', ...args] = command;
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { code: status, output: stdout + stderr };
}

type Step = {
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly shell?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
};
type Action = {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
};

const actionText = readFileSync(join(root, 'integrations/github/action.yml'), 'utf8');
const action = parse(actionText) as Action;

/** What GitHub lays between the steps of an action, as far as this action needs it. */
type Job = {
  readonly stubs: StubCommands;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly base_branch?: string;
};

/** Carries out the steps of the action in order, and gives how the last one ended and all that was left behind. */
function runAction({ stubs, inputs = {}, cwd, base_branch = 'main' }: Job): Ended & { summary: string } {
  const temp = freshFolder();
  const [outputs, summary] = [join(temp, 'outputs'), join(temp, 'summary')];
  for (const file of [outputs, summary]) writeFileSync(file, '');
  const context = (): Record<string, string> => ({
    ...Object.fromEntries(
      Object.entries(action.inputs).map(([name, one]) => [`inputs.${name}`, one.default]),
    ),
    ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`inputs.${name}`, value])),
    ...{ 'github.base_ref': base_branch, 'github.event.pull_request.number': '7' },
    ...Object.fromEntries(
      [...readFileSync(outputs, 'utf8').matchAll(/^([\w-]+)=(.*)$/gm)].map(([, name, value = '']) => [
        `steps.check.outputs.${name}`,
        value,
      ]),
    ),
  });
  let last: Ended = { code: 0, output: '' };
  let output = '';
  for (const { run, env = {} } of action.runs.steps) {
    if (run === undefined) continue;
    const known = context();
    const given = Object.entries(env).map(([name, value]) => [
      name,
      value.replace(/\$\{\{ (\S+) \}\}/g, (_, path: string) => known[path] ?? ''),
    ]);
    last = shell(['bash', '-e', '-o', 'pipefail', '-c', run], cwd, {
      ...{ PATH: stubs.path, RUNNER_TEMP: temp, GITHUB_REPOSITORY: 'o/r' },
      ...{ GITHUB_ACTION_PATH: join(root, 'integrations/github') },
      ...{ GITHUB_OUTPUT: outputs, GITHUB_STEP_SUMMARY: summary },
      ...(Object.fromEntries(given) as Record<string, string>),
    });
    output += last.output;
  }
  return { code: last.code, output, summary: readFileSync(summary, 'utf8') };
}

describe('The GitHub action', () => {
  test('declares every input that it reads, documents it, and reads all of them', () => {
    const used = new Set([...actionText.matchAll(/inputs\.([\w-]+)/g)].map((match) => match[1]));
    expect([...used].toSorted()).toEqual(Object.keys(action.inputs).toSorted());
    const readme = readFileSync(join(root, 'integrations/github/README.md'), 'utf8');
    const documented = [...readme.matchAll(/^\| `([\w-]+)` \|/gm)].map((match) => match[1]);
    expect(documented).toEqual(Object.keys(action.inputs));
    for (const { description } of Object.values(action.inputs)) expect(description).toMatch(/^[A-Z].*\.$/);
    expect(readme).toContain(
      Object.keys(action.outputs)
        .slice(1)
        .map((name) => `\`${name}\``)
        .join(' and '),
    );
  });

  test('puts nothing that others can write into the text of a shell', () => {
    for (const { run, uses, shell: interpreter } of action.runs.steps) {
      if (run === undefined) expect(uses).toMatch(/^actions\/setup-node@v\d+$/);
      else expect([interpreter, run.includes('${{')]).toEqual(['bash', false]);
    }
    for (const script of ['check.sh', 'comment.sh']) {
      const path = join(root, 'integrations/github', script);
      expect(shell(['bash', '-n', path], root, { PATH: process.env['PATH'] ?? '' })).toEqual({
        code: 0,
        output: '',
      });
      expect(readFileSync(path, 'utf8')).not.toContain('${{');
    }
  });

  test.each([0, 1, 2, 3])('ends with %d as the check does, after it has commented and summed up', (code) => {
    const stubs = stubCommands();
    stubs.record('node', code, `${marker}\nresult ${code}\n`);
    stubs.forge([]);
    const cwd = freshFolder();
    const first = runAction({ stubs, cwd });
    expect(first).toMatchObject({ code, summary: `${marker}\nresult ${code}\n` });
    expect(stubs.asked()).toEqual({
      ...{ refuses: false, comments: [{ id: 1000, author: forgeUser, body: `${marker}\nresult ${code}\n` }] },
      requests: ['GET repos/o/r/issues/7/comments?per_page=100', 'POST repos/o/r/issues/7/comments'],
    });
    stubs.record('node', 0, `${marker}\nlater\n`);
    expect(runAction({ stubs, cwd }).code).toBe(0);
    const { comments, requests } = stubs.asked();
    expect(comments.map(({ body }) => body)).toEqual([`${marker}\nlater\n`]);
    expect(requests.at(-1)).toBe('PATCH repos/o/r/issues/comments/1000');
  });

  test('updates the first comment of its own, on whichever page, and nobody else’s', () => {
    const stubs = stubCommands();
    const body = `${marker}\nold`;
    const others = [
      { id: 1, author: 'mallory', body },
      { id: 2, author: forgeUser, body: `a word about ${marker}` },
      { id: 3, author: forgeUser, body },
      { id: 4, author: forgeUser, body },
    ];
    stubs.forge(others);
    const { cwd } = unchangedPins();
    expect(runAction({ stubs, cwd })).toMatchObject({
      code: 0,
      summary: expect.stringContaining('no pin differs'),
    });
    expect(stubs.asked().requests.at(-1)).toBe('PATCH repos/o/r/issues/comments/3');
    expect(stubs.asked().comments.map((one) => one.body === body)).toEqual([true, false, false, true]);
  });

  /** A repository whose pins are those of main, so that no server is asked. */
  function unchangedPins(): { readonly cwd: string } {
    const repository = gitRepository();
    repository.commit({ 'pawl.pins.yaml': onePin(1) });
    repository.git('update-ref', 'refs/remotes/origin/main', 'HEAD');
    return { cwd: repository.folder };
  }

  test('hands every input on as it is, whatever stands in it', () => {
    const stubs = stubCommands();
    stubs.record('node', 0, marker);
    const nasty = `--x; touch pwned $(touch pwned) \`touch pwned\` "'`;
    const cwd = freshFolder();
    const inputs = {
      file: nasty,
      eval: nasty,
      url: nasty,
      endpoint: nasty,
      'inconclusive-as': nasty,
      run: 'false',
    };
    stubs.forge([]);
    runAction({ stubs, cwd, inputs: { ...inputs, comment: 'false' }, base_branch: nasty });
    const [[script, command, ...args] = []] = stubs.calls('node');
    expect([script, command]).toEqual([`${root}/integrations/github/../../src/cli/pawl.ts`, 'check']);
    expect(args.filter((arg) => !/^--(markdown|junit)=/.test(arg))).toEqual([
      ...[`--file=${nasty}`, `--base=origin/${nasty}`, `--eval=${nasty}`, `--url=${nasty}`],
      ...[`--endpoint=${nasty}`, `--inconclusive-as=${nasty}`, '--no-run'],
    ]);
    expect(existsSync(join(cwd, 'pwned'))).toBe(false);
  });

  test('comments as well when the check could not begin', () => {
    const stubs = stubCommands();
    stubs.forge([]);
    const ended = runAction({ stubs, cwd: freshFolder() });
    expect(ended.code).toBe(3);
    expect(ended.output).toContain('pawl.pins.yaml: there is no such file');
    expect(ended.summary).toContain('could not begin; the log of this job says why');
    expect(stubs.asked().comments).toEqual([{ id: 1000, author: forgeUser, body: ended.summary }]);
  });

  test('ends as the check did where the token may not comment', () => {
    const stubs = stubCommands();
    stubs.forge([], true);
    const ended = runAction({ stubs, ...unchangedPins() });
    expect(ended.code).toBe(0);
    expect(ended.output).toContain('::warning title=Pawl check::The comment could not be written');
  });
});

type Template = {
  readonly 'pawl-check': {
    readonly variables: Readonly<Record<string, string>>;
    readonly script: readonly string[];
    readonly artifacts: { readonly when: string; readonly reports: { readonly junit: string } };
  };
};

describe('The GitLab template', () => {
  const job = (parse(readFileSync(join(root, 'integrations/gitlab/pawl-check.yml'), 'utf8')) as Template)[
    'pawl-check'
  ];

  /** A clone of a project whose main pins version 1, on a branch. */
  function checkout(): string {
    const origin = gitRepository();
    origin.commit({ 'pawl.pins.yaml': onePin(1) });
    const cwd = join(freshFolder(), 'clone');
    origin.git('clone', '--quiet', origin.folder, cwd);
    return cwd;
  }

  /** Runs the script of the job as a runner does: all lines in one shell that stops at the first failure. */
  function runJob(stubs: StubCommands, cwd: string, variables: Readonly<Record<string, string>> = {}): Ended {
    return shell(['sh', '-e', '-c', job.script.join('\n')], cwd, {
      ...{ PATH: stubs.path, CI_API_V4_URL: 'https://gitlab.test/api/v4', CI_PROJECT_ID: '5' },
      ...{
        CI_MERGE_REQUEST_IID: '9',
        CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main',
        PAWL_GITLAB_TOKEN: 'secret',
      },
      ...{ ...job.variables, ...variables },
    });
  }

  const notes = '/api/v4/projects/5/merge_requests/9/notes';

  test.each([0, 1, 2, 3])('ends with %d as the check does, and keeps one note', (code) => {
    const stubs = stubCommands();
    const cwd = checkout();
    stubs.forge([{ id: 1, author: 'mallory', body: `${marker}\nold` }]);
    stubs.record('pawl', code, `${marker}\nresult ${code}\n`);
    expect(runJob(stubs, cwd)).toEqual({ code, output: '' });
    expect(stubs.calls('pawl')).toEqual([
      [
        'check',
        '--file=pawl.pins.yaml',
        '--base=origin/main',
        '--markdown=pawl-check/check.md',
        '--junit=pawl-check/check.xml',
      ],
    ]);
    expect(stubs.asked().requests.at(-1)).toBe(`POST ${notes}`);
    stubs.record('pawl', 0, `${marker}\nlater\n`);
    expect(runJob(stubs, cwd).code).toBe(0);
    expect(stubs.asked().requests.at(-1)).toBe(`PUT ${notes}/1001`);
    expect(stubs.asked().comments.map(({ body }) => body)).toEqual([`${marker}\nold`, `${marker}\nlater\n`]);
    expect(existsSync(join(cwd, job.artifacts.reports.junit))).toBe(false);
  });

  test('finds its note on a later page', () => {
    const stubs = stubCommands();
    const many = Array.from({ length: 150 }, (_, id) => ({ id, author: 'somebody', body: 'a word' }));
    stubs.forge([...many, { id: 200, author: forgeUser, body: `${marker}\nold` }]);
    stubs.record('pawl', 0, `${marker}\nnew`);
    expect(runJob(stubs, checkout()).code).toBe(0);
    expect(stubs.asked().requests.at(-1)).toBe(`PUT ${notes}/200`);
    expect(stubs.asked().comments.at(-1)?.body).toBe(`${marker}\nnew`);
  });

  test('hands its variables on as they are, and says what it lacks', () => {
    const stubs = stubCommands();
    stubs.record('pawl', 0, marker);
    stubs.forge([]);
    const nasty = '--x; touch pwned $(touch pwned) "';
    const variables = {
      CHECK_FILE: nasty,
      CHECK_EVAL: nasty,
      CHECK_URL: nasty,
      CHECK_INCONCLUSIVE_AS: nasty,
    };
    const cwd = checkout();
    expect(runJob(stubs, cwd, { ...variables, PAWL_GITLAB_TOKEN: '' })).toEqual({
      ...{ code: 0, output: 'PAWL_GITLAB_TOKEN is not set, so that no note is written.\n' },
    });
    expect(stubs.calls('pawl')[0]?.slice(0, 5)).toEqual([
      ...['check', `--file=${nasty}`, '--base=origin/main', `--eval=${nasty}`, `--url=${nasty}`],
    ]);
    expect(existsSync(join(cwd, 'pwned'))).toBe(false);
    expect(runJob(stubs, cwd, { CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'none' }).code).toBe(3);
    expect(runJob({ ...stubs, path: '/usr/bin:/bin' }, cwd)).toMatchObject({
      ...{ code: 3, output: expect.stringContaining('CHECK_PACKAGE has to say what npm installs.') },
    });
  });

  test('ends as the check did when no note can be written', () => {
    const stubs = stubCommands();
    stubs.record('pawl', 1);
    stubs.forge([], true);
    const cwd = checkout();
    const ended = runJob(stubs, cwd);
    expect(ended.code).toBe(1);
    expect(ended.output).toContain('The note could not be written; pawl-check/check.md has the result.');
    expect(readFileSync(join(cwd, 'pawl-check/check.md'), 'utf8')).toMatch(
      /^<!-- pawl-check -->\n.*\n.*could not begin/,
    );
  });
});
