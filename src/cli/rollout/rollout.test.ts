import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, type Place } from '../../../test/evals/eval-story.ts';
import { startPawl, type TestPawl, testKey } from '../../../test/pawl.ts';
import { pawlHere as pawl } from '../../../test/pawl-here.ts';
import { type Finished, freshFolder, type Running, startPawlProcess } from '../../../test/pawl-process.ts';
import { newPeople, type People } from '../../../test/release/release-story.ts';
import { newReady, type Ready, startRollout, steady } from '../../../test/release/rollout-story.ts';
import type { RolloutResponse } from '../../api/rollouts.ts';

/*
 * The goal: somebody on call can begin, follow and end a rollout by the name of the agent, and scripts learn from the
 * exit code how it ended. The method: commands as processes of several people, against one server; steps last a day, so
 * that nothing goes on unless it is told to.
 */

let own: TestPawl;
let people: People;
beforeAll(async () => {
  own = await startPawl();
  people = await newPeople({ url: own.url, key: own.key });
});
afterAll(() => own.server.close());

const setting = ({ url, key }: Place) => ({ env: { PAWL_URL: url, PAWL_KEY: key } });
const as = (place: Place, ...args: string[]): Promise<Finished> => pawl(args, setting(place));
const watching = (place: Place, ...args: string[]): Running =>
  startPawlProcess(['rollout', 'watch', ...args], setting(place));

/** An agent whose rollout gives a fifth of the traffic to version 2, for a day. */
async function underWay(name: string): Promise<Ready & { readonly rollout_id: string }> {
  const ready = await newReady(people, name);
  const { id } = await startRollout(people, ready, { steps: steady(20), look_seconds: 3600 });
  return { ...ready, rollout_id: id };
}

const patience = { timeout: 90_000 };

describe('A rollout from the terminal', patience, () => {
  test('begins, is told by the name of its agent, and is taken to its end and back', async () => {
    const { agent_id, promotion_id } = await newReady(people, 'whole');
    const start = ['rollout', 'start', promotion_id, '--steps', '20,50,100', '--step-seconds', '86400'];
    const started = await as(
      people.releaser,
      ...start,
      '--approval',
      '50',
      '--no-signals',
      '--reason',
      'Monday',
    );
    expect(started.code, started.stderr).toBe(0);
    const id = /roll_\w+/.exec(started.stdout)?.[0] ?? 'no id';
    expect(started.stdout).toMatch(/^20 % get version 2 and the others version 1 since .*: step 1 of 3 /m);
    expect(started.stdout).toMatch(/^failures +guardrail +open /m);
    const again = await as(people.releaser, ...start);
    expect(again).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(id) });

    const status = await as(people.author, 'rollout', 'status', 'whole');
    expect(status.stdout).toContain(`\`pawl rollout advance ${id}\`   goes on to 50 %, without waiting`);
    const all = await as(people.author, 'rollout', 'get', 'whole@production');
    expect(all.stdout).toMatch(/^Started +by Dan at .*: Monday$/m);
    expect(all.stdout).toMatch(/^2 +50 % +86400 s +50 +yes +0 +0$/m);
    const list = await as(people.author, 'rollout', 'list', 'whole', '--status', 'running');
    expect(list.stdout).toMatch(
      new RegExp(`^${id} +${agent_id} +production +1 +2 +running +1 of 3 +20 % +Dan`, 'm'),
    );
    const aliases = await as(people.author, 'alias', 'list', 'whole');
    expect(aliases.stdout).toMatch(new RegExp(`^production +1 +20 % get version 2 \\(${id}\\) +yes`, 'm'));
    const shown = await as(people.author, 'alias', 'show', 'whole');
    expect(shown.stdout).toMatch(new RegExp(`^Rollout +20 % get version 2 \\(${id}\\)$`, 'm'));
    const promotion = await as(people.author, 'promotion', 'show', promotion_id);
    expect(promotion.stdout).toMatch(new RegExp(`^Rollout +${id}$`, 'm'));
    expect(promotion.stdout).toContain(`\`pawl rollout status ${id}\``);

    const grown = await as(people.releaser, 'rollout', 'advance', 'whole', '--reason', 'Enough');
    expect(grown.stdout).toMatch(/^50 % get version 2 and the others version 1 since .*: step 2 of 3 /m);
    const done = await as(people.releaser, 'rollout', 'advance', 'whole');
    expect(done.stdout).toMatch(
      / is completed\.\nFrom .* on, the next session of everybody gets version 2\.\nEnded by Dan\n/,
    );
    const events = await as(people.author, 'rollout', 'events', 'whole');
    expect(events.stdout).toMatch(
      /\n3 +.* Dan +completed +0 +0\n2 +.* Dan +step +0 +0 +Enough\n1 +.* started +Monday\n$/,
    );
    const late = await as(people.releaser, 'rollout', 'pause', 'whole');
    expect(late).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(`${id} is completed`),
    });
    const watched = await as(people.author, 'rollout', 'watch', 'whole', '-o', 'json');
    expect(watched.code).toBe(0);
    expect(JSON.parse(watched.stdout) as RolloutResponse).toMatchObject({
      id,
      status: 'completed',
      weight: 100,
    });
    const back = await as(people.releaser, 'rollback', 'whole');
    expect(back.stdout).toContain(
      `production of ${agent_id}: version 2 → 1, at once for the next session.\n`,
    );
  });

  test('is taken back by the same command as anything else, which says what it has ended', async () => {
    const { agent_id, rollout_id } = await underWay('back');
    const back = await as(people.releaser, 'rollback', 'back', '--reason', 'Invoices');
    expect(back).toMatchObject({ code: 0, stderr: '' });
    expect(back.stdout.split('\n').slice(0, 3)).toEqual([
      `production of ${agent_id} stays at version 1, which the next session of everybody gets at once: version 2 is taken back; rollout ${rollout_id} is rolled back, and its promotion with it.`,
      `It is held there, and no promotion moves it, until somebody releases it: \`pawl alias release ${agent_id} production\``,
      'No open session has version 2 from it.',
    ]);
    const early = await as(people.releaser, 'rollout', 'retry', 'back');
    expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining('is held') });
    await as(people.releaser, 'alias', 'release', 'back');
    const retried = await as(people.releaser, 'rollout', 'retry', 'back', '-o', 'json');
    expect(JSON.parse(retried.stdout)).toMatchObject({ status: 'running', retry_of: rollout_id, weight: 20 });
    const ended = await as(people.releaser, 'rollout', 'rollback', 'back', '--running', 'interrupt');
    expect(ended.stdout).toMatch(
      /\n\nOpen sessions that got version 2 from it: Their turns are interrupted, and they take no more messages\.\n$/,
    );
  });

  test('is refused with 1 for how things stand, and with 3 for who asks or what is meant', async () => {
    const { promotion_id, rollout_id } = await underWay('refused');
    const paused = await as(people.releaser, 'rollout', 'pause', 'refused', '--reason', 'Lunch');
    expect(paused.stdout).toMatch(/^It waits for a person since .*, paused by Dan \(person\): Lunch$/m);
    const until = await as(people.author, 'rollout', 'watch', 'refused', '--until-paused');
    expect(until).toMatchObject({
      code: 2,
      stdout: expect.stringMatching(/^.* 20 % .* paused \(person\): Lunch\n/),
    });
    const resumed = await as(people.releaser, 'rollout', 'resume', rollout_id);
    expect(resumed).toMatchObject({ code: 0, stdout: expect.stringContaining('is running.') });
    const may = await as(people.reviewer, 'rollout', 'abort', 'refused');
    expect(may).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('role releaser') });
    const aborted = await as(people.releaser, 'rollout', 'abort', 'refused');
    expect(aborted).toMatchObject({ code: 0, stdout: expect.stringContaining('is aborted.') });
    const none = await as(people.author, 'rollout', 'status', 'refused@staging');
    expect(none).toMatchObject({ code: 3, stderr: 'pawl: refused@staging has never had a rollout.\n' });
    const nobody = await as(people.author, 'rollout', 'status', 'nobody');
    expect(nobody).toMatchObject({ code: 3, stderr: expect.stringContaining('No agent is called nobody') });
    const unknown = await as(people.author, 'rollout', 'get', 'roll_nobody');
    expect(unknown).toMatchObject({ code: 3, stderr: expect.stringContaining('does not exist') });
    const wrong = await as(people.releaser, 'rollout', 'start', promotion_id, '--steps', '50,20,100');
    expect(wrong).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('steps.1.weight: must be above 50'),
    });
    const odd = await as(people.releaser, 'rollout', 'start', promotion_id, '--guardrail', 'luck');
    expect(odd).toMatchObject({ code: 3, stderr: expect.stringContaining('guardrails.0.metric') });
  });
});

test('A rollout without options is the one that the server begins without fields', patience, async () => {
  const { promotion_id } = await newReady(people, 'usual');
  const asked = await ask<RolloutResponse>(people.releaser, '/rollouts', { promotion_id });
  await ask(people.releaser, `/rollouts/${asked.id}/abort`, {});
  const { stdout } = await as(people.releaser, 'rollout', 'start', promotion_id, '-o', 'json');
  expect((JSON.parse(stdout) as RolloutResponse).settings).toEqual(asked.settings);
});

describe('Watching', patience, () => {
  test('prints a line for each change, and ends with 1 when the candidate is taken back', async () => {
    const { rollout_id } = await underWay('watched');
    const watch = watching(people.author, 'watched');
    await watch.printed(/ 20 % {2}step 1 of 2 {2}running/);
    await ask(people.releaser, `/rollouts/${rollout_id}/pause`, { reason: 'Lunch' });
    await watch.printed(/ 20 % {2}step 1 of 2 {2}paused \(person\): Lunch\n/);
    await ask(people.releaser, `/rollouts/${rollout_id}/rollback`, { reason: 'Invoices' });
    const { code, stdout, stderr } = await watch.finished;
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const [, , last, head] = stdout.split('\n');
    expect(last).toMatch(/Z {2}0 % {2}step 1 of 2 {2}rolled back$/);
    expect(head).toMatch(
      /^Rollout roll_\w+, production of agent_\w+ from version 1 to version 2, is rolled back\.$/,
    );
    expect(stdout).toMatch(/^Ended by Dan: Invoices$/m);
  });

  test('can be stopped, which leaves the rollout as it is, and ends with 2 when somebody aborts it', async () => {
    const { rollout_id } = await underWay('stopped');
    const stopped = watching(people.author, 'stopped');
    await stopped.printed(/running/);
    stopped.child.kill('SIGINT');
    expect(await stopped.finished).toMatchObject({
      code: 130,
      stderr: `${rollout_id} goes on at ${own.url}: \`pawl rollout watch ${rollout_id}\` follows it again, \`pawl rollout pause ${rollout_id}\` holds it.\n`,
    });
    const again = watching(people.author, rollout_id, '-o', 'json');
    await ask(people.releaser, `/rollouts/${rollout_id}/abort`, {});
    const { code, stdout } = await again.finished;
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'aborted' });
  });

  test('is of no use where no server takes the rollout on', async () => {
    const cwd = freshFolder();
    mkdirSync(join(cwd, '.pawl'));
    const before = await startPawl({ data_dir: join(cwd, '.pawl') });
    const owners = await newPeople({ url: before.url, key: testKey });
    const { promotion_id } = await newReady(owners, 'alone');
    await before.server.close();
    const started = await pawl(['rollout', 'start', promotion_id], { cwd });
    expect(started.stderr).toMatch(
      /^Nobody looks at roll_\w+ and takes it on until `pawl serve` runs here\.\n$/,
    );
    const watched = await pawl(['rollout', 'watch', 'alone'], { cwd });
    expect(watched).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('No server runs') });
  });
});

test.each([
  [['start'], "missing required argument 'promotion'"],
  [['start', 'promo_a', '--steps', '5,ten,100'], 'It has to be a number from 0.'],
  [['start', 'promo_a', '--approval', '7'], '--approval 7: must be a step before 100'],
  [
    ['start', 'promo_a', '--no-signals', '--signal', 'cost'],
    "cannot be used with option '--signal <metric>'",
  ],
  [['list', '--status', 'stopped'], 'Allowed choices are running, paused'],
  [['abort', 'triage', '--running', 'fast'], 'Allowed choices are drain, stop_new_turns, interrupt.'],
])('`pawl rollout %j` says what it takes, and ends with 3', patience, async (args, complaint) => {
  const { code, stdout, stderr } = await pawl(['rollout', ...args], { cwd: freshFolder() });
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toContain(complaint);
  expect(stderr).toMatch(/^pawl: /);
});
