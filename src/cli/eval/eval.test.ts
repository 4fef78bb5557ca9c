import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type GatedModel, startGatedModel } from '../../../test/gated-model.ts';
import { startPawl, type TestPawl, testKey } from '../../../test/pawl.ts';
import { pawlHere as pawl } from '../../../test/pawl-here.ts';
import { type Finished, freshFolder, type Running, startPawlProcess } from '../../../test/pawl-process.ts';
import type { GateReport } from '../../eval/gate-report.ts';
import { firstPrompt, secondPrompt } from '../tutorial/prompts.ts';
import { bundledTickets } from '../tutorial/tickets.ts';

/*
 * The goal: whoever has a folder with an agent, cases and an eval file gets a verdict that can be relied on, with a
 * server and without one. The method: run the commands as processes on the tutorial's tickets and the offline model,
 * or, where time matters, on a model that answers when the test says so.
 */

let template: string;
let agentId: string;
beforeAll(async () => {
  template = mkdtempSync(join(tmpdir(), 'pawl-eval-'));
  const { server, client } = await startPawl({ data_dir: join(template, '.pawl') });
  agentId = await makeAgent(client);
  await server.close();
});
afterAll(() => rmSync(template, { recursive: true }));

/** The tutorial's agent with both of its versions. */
async function makeAgent(client: TestPawl['client'], model = 'claude-test'): Promise<string> {
  const { id } = await client.beta.agents.create({ name: 'ticket-triage', model, system: firstPrompt });
  await client.beta.agents.update(id, { version: 1, system: secondPrompt });
  return id;
}

/** An eval of the agent on the tutorial's tickets; at most one ticket of a team may be lost. */
function triageYaml(agent: string, lines: readonly string[] = []): string {
  return [
    ...['name: triage', `agent: ${agent}`, 'epochs: 1'],
    ...['dataset: {file: tickets.jsonl, columns: {target: team, group: team}}'],
    ...['message: |', '  {{subject}}', '  {{body}}', 'reply: {json: team}', 'gate: {max_lost_cases: 1}'],
    ...(lines.length === 0 ? ['scorers: [exact]'] : lines),
  ].join('\n');
}

/** A folder with the data that hold the agent, the tickets, and the eval file. */
function evalFolder(yaml = triageYaml(agentId)): string {
  const folder = freshFolder();
  cpSync(template, folder, { recursive: true });
  mkdirSync(join(folder, 'evals'));
  cpSync(bundledTickets, join(folder, 'evals/tickets.jsonl'));
  writeFileSync(join(folder, 'evals/triage.yaml'), yaml);
  return folder;
}

const idIn = ({ stderr }: Finished, kind: 'cmp' | 'erun'): string =>
  new RegExp(`${kind}_\\w+`).exec(stderr)?.[0] ?? `no ${kind} in: ${stderr}`;

/** Some tests start half a dozen processes one after another. */
const patience = { timeout: 90_000 };

describe('Without a server', patience, () => {
  test('a worse version fails its gate, every report is written, and results are kept for the next time', async () => {
    const cwd = evalFolder();
    const files = ['r.html', 'out/r.md', 'r.xml', 'r.json', 'r.txt'];
    const flags = files.flatMap((file) => ['--output-file', file]);
    const first = await pawl(['eval', 'run', 'evals/triage.yaml', ...flags], { cwd });
    expect(first.stderr).toMatch(/^Dataset triage: 20 cases in 4 groups, revision [0-9a-f]{12}, new\.\n/);
    expect(first.stderr).toContain(`of version 2 of ${agentId}: 20 cases × 1 epoch, against version 1.`);
    expect(first.stderr).toContain('Version 2: 20 of 20, exact 0.85\n');
    expect(first.stderr).toMatch(/`pawl eval show cmp_\w+` prints it again/);
    expect(first.stdout).toMatch(/billing\n +v1: 4\/5\n +v2: 2\/5 {2}<-- regressed/);
    expect(first.stdout).not.toContain('\u001b');
    expect(first.code).toBe(1);
    const written = files.map((file) => readFileSync(join(cwd, file), 'utf8'));
    expect(written[0]).toMatch(/^<!doctype html>/i);
    expect(written[2]).toMatch(/^<\?xml/);
    expect(written[4]).toBe(first.stdout);
    const report = JSON.parse(written[3] ?? '') as GateReport;
    expect(report).toMatchObject({ verdict: 'fail', candidate: { agent_version: 2 } });
    expect(report.flips.shown.map(({ case_id }) => case_id)).toEqual(['t-02', 't-04']);

    const again = await pawl(['eval', 'run', 'triage', '-o', 'json'], { cwd });
    expect(again).toMatchObject({ code: 1, stdout: expect.stringMatching(/^\{\n {2}"schema": 1,/) });
    expect(again.stderr).toContain('Version 1: 20 of 20 results reused; --fresh runs them again.\n');
    expect(JSON.parse(again.stdout)).toMatchObject({ verdict: 'fail' });
    const shown = await pawl(['eval', 'show', idIn(first, 'cmp'), '-o', 'markdown'], { cwd });
    expect(shown).toEqual({ code: 0, stdout: written[1], stderr: '' });
  });

  test('one version can be run alone', async () => {
    const cwd = evalFolder();
    const alone = await pawl(['eval', 'run', 'evals/triage.yaml', '--candidate', '1'], { cwd });
    expect(alone.stderr).toMatch(
      /of version 1 of agent_\w+: 20 cases × 1 epoch\. This is eval run erun_\w+\.\n/,
    );
    expect(alone.stdout).toContain('billing');
    expect(alone.code).toBe(0);
    const second = await pawl(['eval', 'run', 'triage', '--baseline', 'none', '--epochs', '2'], { cwd });
    expect(second).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('20 cases × 2 epochs. This is'),
    });
    const compared = await pawl(['eval', 'compare', idIn(alone, 'erun'), idIn(second, 'erun')], { cwd });
    expect(compared).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Version 2 against version 1'),
    });

    const list = await pawl(['eval', 'list'], { cwd });
    expect(list.stdout).toMatch(/^EVAL +REVISION.*\ntriage +1 +agent_\w+ +triage /);
    expect(list.stdout).toMatch(/\ncmp_\w+ +triage +v2 against v1 +fail /);
    expect(list.stdout).toMatch(/\nerun_\w+ +triage +v1 +completed +20\/20 +exact 0\.95 /);
    const none = await pawl(['eval', 'list', '--eval', 'nothing'], { cwd });
    expect(none).toMatchObject({ code: 3, stderr: 'pawl: eval nothing does not exist.\n' });
    const terms = await pawl(['eval', 'show', 'triage'], { cwd });
    expect(terms.stdout).toMatch(/^Eval +triage \(eval_\w+\), revision 1\nAgent +agent_/);
  });

  test('an agent of one version has nothing to be compared with, unless a baseline is named', async () => {
    const { server, client } = await startPawl();
    onTestFinished(() => server.close());
    const fields = { name: 'first', model: 'claude-test', system: firstPrompt };
    const { id } = await client.beta.agents.create(fields);
    const args = ['eval', 'run', 'evals/triage.yaml', '--url', server.url];
    const flags = { cwd: evalFolder(triageYaml(id)), env: { PAWL_KEY: testKey } };
    const run = await pawl(args, flags);
    expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining('This is eval run erun_') });
    const named = await pawl([...args, '--baseline', '2'], flags);
    expect(named).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('no version 2') });
  });

  test('a gate ends with its verdict, and tells a CI system that shows summaries', async () => {
    const cwd = evalFolder(
      triageYaml(agentId, ['scorers: [exact]', 'labels: [billing, auth, api-platform, dashboard]']),
    );
    const summary = join(cwd, 'summary.md');
    writeFileSync(summary, '# Before\n');
    const check = (...args: string[]) =>
      pawl(['gate', 'check', 'evals/triage.yaml', '--candidate', '2', ...args], {
        cwd,
        env: { GITHUB_STEP_SUMMARY: summary },
      });
    const failed = await check('-o', 'markdown');
    expect(failed.code).toBe(1);
    expect(readFileSync(summary, 'utf8')).toBe(`# Before\n${failed.stdout}`);
    expect((await check('--baseline', '2')).code).toBe(0);

    // Intervals cannot tell anything about twenty cases.
    const open = readFileSync(join(cwd, 'evals/triage.yaml'), 'utf8').replace(
      'max_lost_cases: 1',
      'margin: 0.1',
    );
    writeFileSync(join(cwd, 'evals/triage.yaml'), open);
    expect((await check('--baseline', '2')).code).toBe(2);
    expect((await check('--baseline', '2', '--inconclusive-as', 'pass')).code).toBe(0);
    expect((await check('--baseline', '2', '--inconclusive-as', 'fail')).code).toBe(1);
  });

  test('a gate is calibrated on one version', async () => {
    const cwd = evalFolder();
    const calibrate = ['gate', 'calibrate', 'evals/triage.yaml', '--version', '1', '--splits', '20'];
    const text = await pawl(calibrate, { cwd });
    expect(text).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Version 1, 2 epochs of each case'),
    });
    expect(text.stdout).toContain('20 splits, 20 cases × 1 epoch on each side.\n');
    expect(text.stdout).toMatch(/^pass +20 +100 %/m);
    const json = await pawl([...calibrate, '-o', 'json'], { cwd });
    expect(JSON.parse(json.stdout)).toMatchObject({
      type: 'calibration',
      report: { rates: { fail: { splits: 0 } } },
    });
  });

  test('scorers of the own making are found beside the eval file', async () => {
    const cwd = evalFolder(triageYaml(agentId, ['scorers: [{type: module, file: mine.ts, binary: true}]']));
    const code = 'export default ({ reading, case: { target } }: any) => (reading.value === target ? 1 : 0);';
    writeFileSync(join(cwd, 'evals/mine.ts'), code);
    const { code: exit, stdout, stderr } = await pawl(['eval', 'run', 'evals/triage.yaml'], { cwd });
    expect(stderr).toContain('module 0.85');
    expect(stdout).toMatch(/billing\n +v1: 4\/5\n +v2: 2\/5/);
    expect(exit).toBe(1);
  });

  test('what cannot be run is said, and nothing is printed as a result', async () => {
    const broken = evalFolder(triageYaml('agent_nobody'));
    expect(await pawl(['eval', 'run', 'evals/triage.yaml'], { cwd: broken })).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(/pawl: .*agent_nobody/),
    });
    const unknown = await pawl(['eval', 'run', 'tirage'], { cwd: broken });
    expect(unknown.stderr).toMatch(/pawl: eval tirage does not exist; `pawl eval list` shows those/);
    const cases = join(broken, 'evals/tickets.jsonl');
    writeFileSync(cases, '{"id":"a"}\n{"id":"a","subject":"x"}\n');
    const refused = await pawl(['eval', 'run', 'evals/triage.yaml'], { cwd: broken });
    expect(refused).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/tickets\.jsonl is refused:\nline 1: /),
    });
    const wrong = evalFolder(triageYaml(agentId, ['scorers: [exakt]']));
    const invalid = await pawl(['eval', 'run', 'evals/triage.yaml'], { cwd: wrong });
    expect(invalid).toMatchObject({ code: 3, stderr: expect.stringMatching(/pawl: scorers.*exact/) });
    const off = await pawl(['eval', 'run', 'evals/triage.yaml', '--baseline', '7'], { cwd: evalFolder() });
    expect(off).toMatchObject({ code: 3, stderr: expect.stringMatching(/pawl: .*version 7/) });
  });
});

describe('With a server', patience, () => {
  test('that has the data of the folder, the command works with it', async () => {
    const cwd = evalFolder();
    const { server, url } = await startPawl({ data_dir: join(cwd, '.pawl') });
    onTestFinished(() => server.close());
    const port = new URL(url).port;
    const env = { PAWL_PORT: port, PAWL_KEY: testKey };
    const run = await pawl(['eval', 'run', 'evals/triage.yaml'], { cwd, env });
    expect(run).toMatchObject({ code: 1, stdout: expect.stringContaining('regressed') });
    const elsewhere = await pawl(['eval', 'list'], { cwd, env: { ...env, PAWL_PORT: '1' } });
    expect(elsewhere.code).toBe(3);
    expect(elsewhere.stderr).toMatch(
      /^pawl: Another pawl process is using \.pawl\/pawl\.db, and no server answers at http:\/\/127\.0\.0\.1:1 \(.+\); .*--url\.\n$/,
    );
    const refused = await pawl(['eval', 'run', 'evals/triage.yaml', '--endpoint', 'http://a.test'], {
      cwd,
      env: { ...env, PAWL_ENDPOINT_KEY: 'key' },
    });
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain(`here the server at http://127.0.0.1:${port} would run them`);
  });

  test('as an endpoint, it answers while datasets and results stay in the folder', async () => {
    const { server, url, client, key } = await startPawl();
    onTestFinished(() => server.close());
    const cwd = evalFolder(triageYaml(await makeAgent(client)));
    const flags = ['--endpoint', url];
    const env = { PAWL_ENDPOINT_KEY: key };
    const run = await pawl(['eval', 'run', 'evals/triage.yaml', ...flags], { cwd, env });
    expect(run).toMatchObject({ code: 1, stdout: expect.stringContaining('regressed') });
    const again = await pawl(['eval', 'run', 'triage', ...flags], { cwd, env });
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('20 of 20 results reused') });
    const named = await pawl(['eval', 'run', 'evals/triage.yaml', ...flags, '--url', url], { cwd, env });
    expect(named).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(/^pawl: --endpoint is for evals/),
    });
  });
});

describe('Ctrl-C', patience, () => {
  /** A few cases, so that a test can answer for each of them. */
  const cases = ['a', 'b', 'c'].map((id) => JSON.stringify({ id, input: `Is this ${id}?`, target: 'yes' }));
  const yesNo = (agent: string) =>
    [
      'name: yes-no',
      `agent: ${agent}`,
      'epochs: 1',
      'dataset: {file: cases.jsonl}',
      'scorers: [contains]',
    ].join('\n');

  async function gated(): Promise<{ model: GatedModel; env: Record<string, string> }> {
    const model = await startGatedModel();
    onTestFinished(() => model.close());
    return { model, env: { PAWL_ANTHROPIC_BASE_URL: model.url, PAWL_ANTHROPIC_API_KEY: 'upstream-key' } };
  }

  /** Resolves once a process says something on standard error; rejects when it ends without. */
  function hears({ child, finished }: Running, text: string): Promise<void> {
    let heard = '';
    return new Promise((resolve, reject) => {
      child.stderr?.on('data', (piece: string) => {
        heard += piece;
        if (heard.includes(text)) resolve();
      });
      void finished.then(() => reject(new Error(`It ended without saying ${text}:\n${heard}`)));
    });
  }

  async function answerNext(model: GatedModel, times: number): Promise<void> {
    for (let answered = 0; answered < times; ) {
      const request = await model.next();
      // Those of a process that has left wait for nobody.
      if (request.closed()) continue;
      request.answer('yes');
      answered++;
    }
  }

  test('stops runs of the own process, and `pawl eval resume` does only the rest', async () => {
    const { model, env } = await gated();
    const cwd = evalFolder(yesNo(agentId));
    writeFileSync(join(cwd, 'evals/cases.jsonl'), cases.join('\n'));
    const stopped = startPawlProcess(['eval', 'run', 'evals/triage.yaml'], { cwd, env });
    const oneIsKept = hears(stopped, ': 1 of 3');
    await answerNext(model, 1);
    await oneIsKept;
    stopped.child.kill('SIGINT');
    const ended = await stopped.finished;
    expect(ended).toMatchObject({ code: 130, stdout: '' });
    const id = idIn(ended, 'cmp');
    expect(ended.stderr).toContain(
      `Stopping. What is done is kept: \`pawl eval resume ${id}\` does the rest.\n`,
    );
    const shown = await pawl(['eval', 'show', id], { cwd });
    expect(shown.stdout).toMatch(new RegExp(`^${id} waits, and no server runs it\\.\n`));
    const waiting = await pawl(['eval', 'watch', id], { cwd });
    expect(waiting.code).toBe(3);
    expect(waiting.stderr).toContain(`\`pawl eval resume ${id}\``);

    const resumed = startPawlProcess(['eval', 'resume', id], { cwd, env });
    await answerNext(model, 5);
    const { code, stderr } = await resumed.finished;
    expect(stderr).toContain(`takes the place of ${id}, on the same 2 runs.\n`);
    // Three cases that nobody loses tell nothing.
    expect(code).toBe(2);
  });

  test('leaves a run on a server alone, which can be followed again and canceled', async () => {
    const { model } = await gated();
    const { server, url, key, client } = await startPawl({
      anthropic_base_url: model.url,
      anthropic_api_key: 'k',
    });
    onTestFinished(() => server.close());
    const env = { PAWL_KEY: key };
    const cwd = evalFolder(yesNo(await makeAgent(client)));
    writeFileSync(join(cwd, 'evals/cases.jsonl'), cases.join('\n'));
    const run = ['eval', 'run', 'evals/triage.yaml', '--url', url];
    const watching = startPawlProcess(run, { cwd, env });
    await model.next();
    watching.child.kill('SIGINT');
    const left = await watching.finished;
    const id = idIn(left, 'cmp');
    expect(left).toMatchObject({ code: 130, stdout: '' });
    expect(left.stderr).toContain(
      `${id} goes on at ${url}: \`pawl eval watch ${id} --url ${url}\` follows it again, and \`pawl eval cancel ${id} --url ${url}\` stops it.\n`,
    );
    const shown = await pawl(['eval', 'show', id, '--url', url], { cwd, env });
    expect(shown.stdout).toMatch(new RegExp(`^${id} is running\\.\nerun_\\w+ +Version 1: 0 of 3\n`));
    const again = startPawlProcess(['eval', 'watch', id, '--url', url], { cwd, env });
    const canceled = await pawl(['eval', 'cancel', id, '--url', url], { cwd, env });
    expect(canceled.stdout).toMatch(/^(erun_\w+ is canceled, with 0 of 3 results\.\n){2}$/);
    expect(await again.finished).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('canceled'),
    });
  });
});
