import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ask } from '../../../test/evals/eval-story.ts';
import { type GatedModel, startGatedModel } from '../../../test/gated-model.ts';
import { startPawl, testKey } from '../../../test/pawl.ts';
import { pawlHere as pawl } from '../../../test/pawl-here.ts';
import { type Finished, freshFolder, startPawlProcess } from '../../../test/pawl-process.ts';
import {
  type Measured,
  newMeasured,
  newPeople,
  type People,
  pathOf,
} from '../../../test/release/release-story.ts';

/*
 * The goal: a promotion stays as it is when whoever asked for it leaves, and somebody can go on with it. The method:
 * commands as processes, with a model that answers when the test says so.
 */

const idIn = ({ stderr }: Finished): string => /promo_\w+/.exec(stderr)?.[0] ?? `no id in: ${stderr}`;

/** Three cases, and production at version 1 of two. */
async function newCase(people: People): Promise<Measured> {
  const measured = await newMeasured(people, { name: 'small', versions: 2, cases: 3 });
  await ask(people.releaser, pathOf(measured.agent_id), { version: 1, from: null });
  return measured;
}

async function gated(): Promise<{
  model: GatedModel;
  settings: { anthropic_base_url: string; anthropic_api_key: string };
}> {
  const model = await startGatedModel();
  onTestFinished(() => model.close());
  return { model, settings: { anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' } };
}

const patience = { timeout: 90_000 };

describe('Ctrl-C', patience, () => {
  test('leaves a promotion on a server as it is, and its evidence can be followed again', async () => {
    const { model, settings } = await gated();
    const { server, url, key } = await startPawl(settings);
    onTestFinished(() => server.close());
    const people = await newPeople({ url, key });
    const { agent_id } = await newCase(people);
    const env = { PAWL_KEY: people.author.key };
    const asking = startPawlProcess(['promote', agent_id, '2', '--eval', 'small', '--url', url], { env });
    const first = await model.next();
    asking.child.kill('SIGINT');
    const left = await asking.finished;
    const id = idIn(left);
    expect(left).toMatchObject({ code: 130, stdout: '' });
    expect(left.stderr).toContain(
      `${id} stands, and its evidence goes on at ${url}: \`pawl promotion evaluate ${id} --url ${url}\` follows it again, and \`pawl promotion withdraw ${id} --url ${url}\` takes it back.\n`,
    );
    const shown = await pawl(['promotion', 'show', id, '--url', url], { env });
    expect(shown.stdout).toMatch(/^Evidence +cmp_\w+ running, at least 1 epoch$/m);
    expect(shown.stdout).toMatch(
      /^ {2}`pawl promotion evaluate promo_\w+ --url .*` +follows its evidence to the end$/m,
    );
    const early = await pawl(['promotion', 'approve', id, '--url', url], {
      env: { PAWL_KEY: people.reviewer.key },
    });
    expect(early).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^pawl: .* is not over\.\n$/),
    });

    first.answer('yes');
    const again = startPawlProcess(['promotion', 'evaluate', id, '--url', url], { env });
    // Three cases of two versions, and one has its answer.
    for (let answered = 1; answered < 6; answered++) (await model.next()).answer('yes');
    const ended = await again.finished;
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stdout).toMatch(/^PASS /m);
    expect(ended.stdout).toContain(`Promotion ${id}, `);
  });
});

describe('Without a server', patience, () => {
  /** A folder with the data of a server that was there before. */
  async function folder(): Promise<{ cwd: string; agent_id: string }> {
    const cwd = freshFolder();
    mkdirSync(join(cwd, '.pawl'));
    const { server, url } = await startPawl({ data_dir: join(cwd, '.pawl') });
    const { agent_id } = await newCase(await newPeople({ url, key: testKey }));
    await server.close();
    return { cwd, agent_id };
  }

  test('evidence is gathered in the own process, and nobody approves what they asked for', async () => {
    const { cwd } = await folder();
    const asked = await pawl(['promote', 'small', '2', '--eval', 'small'], { cwd });
    expect(asked.stdout, asked.stderr).toMatch(/^(PASS|FAIL|INCONCLUSIVE|ERROR) /m);
    const id = idIn(asked);
    const self = await pawl(['promotion', 'approve', id], { cwd });
    expect(self).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('local asked for this promotion'),
    });
    const withdrawn = await pawl(['promotion', 'withdraw', id, '-o', 'json'], { cwd });
    expect(JSON.parse(withdrawn.stdout)).toMatchObject({ id, status: 'canceled' });
    const noWait = await pawl(['promote', 'small', '2', '--eval', 'small', '--no-wait'], { cwd });
    expect(noWait).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('--no-wait needs a server'),
    });
    const none = await pawl(['promote', 'small', '2'], { cwd });
    expect(none).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('eval: name the eval that has to pass'),
    });
    const verified = await pawl(['audit', 'verify'], { cwd });
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('all in order') });
  });

  test('a promotion that was left is carried to its end by the command that is told', async () => {
    const { model, settings } = await gated();
    const { cwd, agent_id } = await folder();
    const env = {
      PAWL_ANTHROPIC_BASE_URL: settings.anthropic_base_url,
      PAWL_ANTHROPIC_API_KEY: 'upstream-key',
    };
    const asking = startPawlProcess(['promote', agent_id, '2', '--eval', 'small'], { cwd, env });
    await model.next();
    asking.child.kill('SIGINT');
    // The process gives turns a while to end, which nobody here has to wait for.
    await model.close();
    const left = await asking.finished;
    const id = idIn(left);
    expect(left).toMatchObject({ code: 130, stdout: '' });
    const command = `pawl promotion evaluate ${id}`;
    expect(left.stderr).toContain(
      `Stopping. ${id} stands, and what is done is kept: \`${command}\` does the rest.\n`,
    );
    const shown = await pawl(['promotion', 'show', id], { cwd });
    expect(shown.stdout).toMatch(/^Evidence +cmp_\w+ (running|pending), at least 1 epoch$/m);
    expect(shown.stdout).toContain(`\`${command}\``);

    const again = await pawl(['promotion', 'evaluate', id], { cwd });
    expect(again.stdout, again.stderr).toMatch(/^(PASS|FAIL|INCONCLUSIVE) /m);
    expect(again.stderr).toContain('on the same 2 runs.\n');
    const carried = await pawl(['promotion', 'show', id, '-o', 'json'], { cwd });
    expect(JSON.parse(carried.stdout)).toMatchObject({
      promotion: {
        evidence: { status: 'completed', verdict: expect.stringMatching(/pass|fail|inconclusive/) },
      },
    });
    const twice = await pawl(['promotion', 'evaluate', id], { cwd });
    expect(twice).toMatchObject({ code: again.code, stdout: again.stdout });
  });
});
