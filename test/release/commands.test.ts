import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RollbackResponse } from '../../src/api/aliases.ts';
import type { PromotionListed, PromotionResponse } from '../../src/api/promotions.ts';
import type { Place } from '../evals/eval-story.ts';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import { pawlHere as pawl } from '../pawl-here.ts';
import { type Finished, freshFolder } from '../pawl-process.ts';
import { newPeople, type People } from './release-story.ts';
import { newTriage, type Triage } from './triage.ts';

/*
 * The goal: whoever releases prompts from a terminal gets a no where a no is due, a way back in one command, and a log
 * that shows who did what. The method: the whole story of one agent, told by commands of several people to one server,
 * each test beginning where the one before it has ended.
 */

let own: TestPawl;
let people: People;
let triage: Triage;
beforeAll(async () => {
  own = await startPawl();
  people = await newPeople({ url: own.url, key: own.key });
  triage = await newTriage(people);
});
afterAll(() => own.server.close());

/** Runs a command as somebody would, where nothing but the server and the key is set. */
function as({ url, key }: Place, ...args: string[]): Promise<Finished> {
  return pawl(args, { env: { PAWL_URL: url, PAWL_KEY: key } });
}

async function newestPromotion(): Promise<string> {
  const { stdout } = await as(people.admin, 'promotion', 'list', '-o', 'json');
  const [newest] = JSON.parse(stdout) as PromotionListed[];
  return newest?.id ?? 'there is no promotion';
}

/** Some tests run half a dozen commands. */
const patience = { timeout: 90_000 };

describe('A release from the terminal', patience, () => {
  test('is asked for by name and refused by the gate, which says why and what can be done', async () => {
    await as(people.admin, 'alias', 'policy', 'ticket-triage', '--eval', 'triage');
    const asked = await as(people.author, 'promote', 'ticket-triage', '2', '--reason', 'Usage goes to API');
    expect(asked.code, asked.stderr).toBe(1);
    expect(asked.stderr).toMatch(
      /^promo_\w+ asks that production of agent_\w+ move from version 1 to version 2/,
    );
    expect(asked.stderr).toMatch(/^Version 2: 8 of 8, exact 0\.63$/m);
    expect(asked.stdout).toMatch(/^FAIL {2}ticket-triage: v2 must not take the place of v1$/m);
    expect(asked.stdout).toMatch(/^ {2}billing lost 2 of 5 cases/m);
    const id = await newestPromotion();
    expect(asked.stdout).toContain(
      `Promotion ${id}, production of ${triage.agent_id} from version 1 to version 2, is in review.`,
    );
    expect(asked.stdout).toMatch(/^It lacks\n {2}the gate says fail in comparison cmp_\w+\n/m);
    expect(asked.stdout).toMatch(
      new RegExp(
        `\`pawl promotion override ${id} --reason …\` .*; by a reviewer other than Ann, who asked for it$`,
        'm',
      ),
    );
    const again = await as(people.author, 'promote', 'ticket-triage', '2');
    expect(again).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining(`is in review for production as ${id}`),
    });
    const applied = await as(people.releaser, 'promotion', 'apply', id);
    expect(applied).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^pawl: .*cannot be applied: the gate says fail/),
    });
  });

  test('is decided on by others alone, who are shown all there is to see', async () => {
    const id = await newestPromotion();
    const secondKey = await as(people.admin, 'keys', 'create', 'ann', '--role', 'reviewer', '-o', 'json');
    const { secret } = JSON.parse(secondKey.stdout) as { secret: string };
    const self = await as(
      { url: own.url, key: secret },
      'promotion',
      'override',
      id,
      '--reason',
      'I want it',
    );
    expect(self).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('ann asked for this promotion, and somebody else has to decide'),
    });

    const comment = await as(people.author, 'promotion', 'comment', id, 'Only two\u001b[31m tickets');
    expect(comment).toMatchObject({ code: 0, stderr: '' });
    const shown = await as(people.reviewer, 'promotion', 'show', id);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/^Asked for +by Ann at .*: Usage goes to API$/m);
    expect(shown.stdout).toMatch(/^\+ROUTING RULE: Whenever/m);
    expect(shown.stdout).toMatch(/^t-02 +billing +wrong/m);
    expect(shown.stdout).toMatch(/Ann +editor +comment +Only two \[31m tickets$/m);
    expect(shown.stdout).not.toContain('\u001b');
    const asJson = await as(people.reviewer, 'promotion', 'show', id, '-o', 'json');
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      promotion: { id, approvals: { needed: 1, given_by: [] } },
      diff: expect.stringContaining('+++ version 2'),
      report: { verdict: 'fail' },
    });
    const rejected = await as(people.reviewer, 'promotion', 'reject', id, '--comment', 'Invoices');
    expect(rejected).toMatchObject({ code: 0, stdout: expect.stringContaining('is rejected.') });
    const late = await as(people.second, 'promotion', 'approve', id);
    expect(late).toMatchObject({ code: 1, stderr: `pawl: promotion ${id} is rejected.\n` });
  });

  test('can be forced by an override, which stays to be seen', async () => {
    await as(people.author, 'promote', triage.agent_id, '2');
    const id = await newestPromotion();
    const overridden = await as(
      people.reviewer,
      'promotion',
      'override',
      id,
      '--reason',
      'The fair is tomorrow',
    );
    expect(overridden.stdout).toMatch(/^It lacks\n {2}one more reviewer has to approve it/m);
    const early = await as(people.releaser, 'promotion', 'apply', id);
    expect(early.code).toBe(1);
    const approved = await as(people.releaser, 'promotion', 'approve', id, '--apply');
    expect(approved).toMatchObject({ code: 0, stderr: '' });
    expect(approved.stdout).toContain(
      `production of ${triage.agent_id}: version 1 → 2, at once for the next session.`,
    );
    const history = await as(people.author, 'alias', 'history', 'ticket-triage');
    expect(history.stdout).toMatch(
      new RegExp(`^2 .* Dan +promotion +1 +2 +${id}: fail, OVERRIDDEN, approved by Dan`, 'm'),
    );
    const list = await as(people.author, 'promotion', 'list', 'ticket-triage', '--status', 'completed');
    expect(list.stdout).toMatch(new RegExp(`^${id} .* completed +fail, OVERRIDDEN +Ann`, 'm'));
  });

  test('is taken back in one command, which says what still runs', async () => {
    const { sessions } = sdk(own.url, own.key).beta;
    const agent = `${triage.agent_id}@production`;
    const session = await sessions.create({ agent, environment_id: triage.environment_id });
    const elsewhere = await as(people.releaser, 'rollback', 'ticket-triage', '--from', '3');
    expect(elsewhere).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('stands for version 2, not for version 3'),
    });
    const never = await as(people.releaser, 'rollback', 'ticket-triage', '--to', '3');
    expect(never).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has never stood for version 3'),
    });
    const may = await as(people.reviewer, 'rollback', 'ticket-triage');
    expect(may).toMatchObject({ code: 3, stderr: expect.stringContaining('role releaser') });

    const back = await as(
      people.releaser,
      'rollback',
      'ticket-triage',
      '--running',
      'stop_new_turns',
      '--reason',
      'Invoices',
    );
    expect(back).toEqual({
      code: 0,
      stderr: '',
      stdout: [
        `production of ${triage.agent_id}: version 2 → 1, at once for the next session.`,
        `It is held there, and no promotion moves it, until somebody releases it: \`pawl alias release ${triage.agent_id} production\``,
        '1 open session has version 2. They end the turn that they are in, and take no more messages.',
        `  ${session.id}  idle\n`,
      ].join('\n'),
    });
    const twice = await as(people.releaser, 'rollback', triage.agent_id);
    expect(twice).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('was rolled back to version 1 by Dan'),
    });
    const shown = await as(people.author, 'alias', 'show', 'ticket-triage');
    expect(shown.stdout).toMatch(/^Held +since .*, rolled back by Dan: Invoices$/m);
  });

  test('goes on with a better version, on the basis that the reviewer has looked at', async () => {
    const asked = await as(people.author, 'promote', 'ticket-triage', '3', '-o', 'json');
    expect(asked.code, asked.stderr).toBe(0);
    const { promotion, report } = JSON.parse(asked.stdout) as {
      promotion: PromotionResponse;
      report: unknown;
    };
    const { id, basis_hash, blockers } = promotion;
    expect(report).toMatchObject({ verdict: 'pass' });
    expect(blockers.map(({ code }) => code)).toEqual(['approvals_missing', 'alias_held']);
    const stale = await as(people.reviewer, 'promotion', 'approve', id, '--basis', '0123456789ab');
    expect(stale).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('is on another basis now'),
    });
    const looked = basis_hash.slice(0, 16);
    const approved = await as(people.reviewer, 'promotion', 'approve', id, '--basis', looked);
    expect(approved).toMatchObject({ code: 0, stdout: expect.stringContaining('`pawl alias release') });
    const held = await as(people.releaser, 'promotion', 'apply', id);
    expect(held).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is held until somebody releases it'),
    });
    const released = await as(people.releaser, 'alias', 'release', 'ticket-triage', '--reason', 'Mended');
    expect(released.stdout).toBe(
      `production of ${triage.agent_id} is free to move; it stands for version 1.\n`,
    );
    const applied = await as(people.releaser, 'promotion', 'apply', id, '--reason', 'Reviewed');
    expect(applied).toMatchObject({ code: 0, stdout: expect.stringContaining('version 1 → 3') });
    const rollback = await as(people.releaser, 'rollback', 'ticket-triage', '-o', 'json');
    expect(JSON.parse(rollback.stdout) as RollbackResponse).toMatchObject({
      type: 'rollback',
      from_version: 3,
      to_version: 1,
    });
  });

  test('can be withdrawn, measured again and not waited for', async () => {
    await as(people.releaser, 'alias', 'release', 'ticket-triage');
    const asked = await as(people.author, 'promote', 'ticket-triage', '2', '--no-wait');
    expect(asked).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Promotion promo_\w+, production .* is in review\.\n/),
    });
    const id = await newestPromotion();
    const better = await as(people.author, 'promotion', 'evaluate', id, '--version', '3');
    expect(better).toMatchObject({ code: 0, stdout: expect.stringMatching(/^PASS /m) });
    const withdrawn = await as(people.author, 'promotion', 'withdraw', id, '--reason', 'Not today');
    expect(withdrawn).toEqual({ code: 0, stdout: `${id} is withdrawn.\n`, stderr: '' });
    const shown = await as(people.author, 'promotion', 'show', id);
    expect(shown.stdout).toMatch(/is withdrawn\.\n$/);
  });
});

test('A gate compares with what production stands for, unless it is told otherwise', patience, async () => {
  const checked = await as(people.author, 'gate', 'check', 'triage', '--candidate', '3');
  expect(checked).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/ of version 3 of .*, against version 1\./),
  });
  const told = await as(people.author, 'gate', 'check', 'triage', '--candidate', '3', '--baseline', '2');
  expect(told.stderr).toMatch(/ of version 3 of .*, against version 2\./);
  const first = await as(people.author, 'gate', 'check', 'triage', '--candidate', '1');
  expect(first).toMatchObject({
    code: 3,
    stdout: '',
    stderr: expect.stringContaining('no version before version 1'),
  });
});

describe('The log of it all', patience, () => {
  test('is listed with what was refused, and read by everybody', async () => {
    const { stdout, code } = await as(
      people.author,
      'audit',
      'list',
      '--subject',
      `${triage.agent_id}@production`,
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+ .* Dan \(releaser\) +alias\.rolled_back +done .* Invoices$/m);
    expect(stdout).toMatch(
      /^\d+ .* Dan \(releaser\) +alias\.rolled_back +refused .* from: production stands for version 2/m,
    );
    expect(stdout).not.toContain('key.created');
  });

  test('is checked here, entry by entry, and an export of it without any server', async () => {
    const cwd = freshFolder();
    const here = { cwd, env: { PAWL_URL: own.url, PAWL_KEY: people.author.key } };
    const exported = await pawl(['audit', 'export', 'audit.jsonl'], here);
    expect(exported).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('audit.jsonl holds the log'),
    });
    symlinkSync('audit.jsonl', join(cwd, 'link'));
    chmodSync(join(cwd, 'audit.jsonl'), 0o660);
    expect((await pawl(['audit', 'export', 'link'], here)).code).toBe(0);
    expect(statSync(join(cwd, 'audit.jsonl')).mode & 0o777).toBe(0o660);
    expect(readdirSync(cwd).toSorted()).toEqual(['audit.jsonl', 'link']);
    const live = await pawl(['audit', 'verify', '-o', 'json'], here);
    const { entries, head, ...rest } = JSON.parse(live.stdout) as { entries: number; head: string };
    expect({ ...rest, code: live.code }).toEqual({ ok: true, broken: null, code: 0 });
    const offline = await pawl(['audit', 'verify', 'audit.jsonl', '--head', head], { cwd });
    expect(offline).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(new RegExp(`^${entries} entries, all in order\\.[\\s\\S]*\n${head}\n`)),
    });
    const piped = await pawl(['audit', 'export'], here);
    expect(piped.stdout).toBe(readFileSync(join(cwd, 'audit.jsonl'), 'utf8'));

    const lines = piped.stdout.split('\n');
    const tampered = lines.map((line) => line.replace('"reason":"Invoices"', '"reason":"Routine"'));
    writeFileSync(join(cwd, 'tampered.jsonl'), tampered.join('\n'));
    const changed = tampered.findIndex((line, i) => line !== lines[i]) + 1;
    const found = await pawl(['audit', 'verify', 'tampered.jsonl'], { cwd });
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(
      new RegExp(
        `^Entry ${changed} is not in order: its content was changed\\. What comes before it is in order, up to ${changed - 1}:[0-9a-f]{64}\\.\n$`,
      ),
    );
    writeFileSync(join(cwd, 'short.jsonl'), `${lines.slice(0, 3).join('\n')}\n`);
    expect((await pawl(['audit', 'verify', 'short.jsonl'], { cwd })).code).toBe(0);
    const short = await pawl(['audit', 'verify', 'short.jsonl', '--head', head], { cwd });
    expect(short).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(
        `Entry 4 is not in order: it is missing, and so are all others up to ${entries}`,
      ),
    });
  });
});
