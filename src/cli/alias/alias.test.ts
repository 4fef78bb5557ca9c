import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../../../test/pawl.ts';
import { pawlHere as pawl } from '../../../test/pawl-here.ts';
import { type Finished, freshFolder } from '../../../test/pawl-process.ts';

/*
 * The goal: an alias moves when whoever moves it knows what is there, and says no with a reason otherwise. The method:
 * the commands as processes, on a server where every agent has three versions and nobody has moved anything.
 */

let own: TestPawl;
beforeAll(async () => {
  own = await startPawl();
});
afterAll(() => own.server.close());

/** Runs a command as an admin of the server would. */
const run = (...args: string[]): Promise<Finished> =>
  pawl(args, { env: { PAWL_URL: own.url, PAWL_KEY: own.key } });

async function newAgent(name: string): Promise<string> {
  const { agents } = own.client.beta;
  const { id } = await agents.create({ name, model: 'claude-test', system: 'One' });
  await agents.update(id, { version: 1, system: 'Two' });
  await agents.update(id, { version: 2, system: 'Three' });
  return id;
}

const patience = { timeout: 60_000 };

describe('An alias', patience, () => {
  test('is set on top of what is there, and removed', async () => {
    const id = await newAgent('setting');
    const first = await run('alias', 'set', 'setting', 'staging', '1', '--reason', 'To try it out');
    expect(first).toEqual({
      code: 0,
      stderr: '',
      stdout: `staging of ${id} stands for version 1 now, and stood for no version before.\n`,
    });
    const same = await run('alias', 'set', id, 'staging', '1');
    expect(same.stdout).toBe(`staging of ${id} stands for version 1, as before.\n`);
    const late = await run('alias', 'set', id, 'staging', '3', '--from', '2');
    expect(late).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'pawl: from: staging stands for version 1, not for version 2; look again and repeat.\n',
    });
    const removed = await run('alias', 'set', id, 'staging', 'none', '-o', 'json');
    expect(JSON.parse(removed.stdout)).toMatchObject({ type: 'alias', name: 'staging', version: null });
    const history = await run('alias', 'history', 'setting', 'staging');
    expect(history.stdout).toMatch(
      /^MOVE .*\n2 .* preset +removal +1 +none\n1 .* set +none +1 +To try it out\n$/,
    );
    const moves = await run('alias', 'history', id, 'staging', '-o', 'json');
    expect(JSON.parse(moves.stdout)).toMatchObject([{ move: 2 }, { move: 1, reason: 'To try it out' }]);
  });

  test('that is protected is set once, and then moves by promotion, until its policy says otherwise', async () => {
    const id = await newAgent('guarded');
    await run('alias', 'set', id, 'production', '1');
    const refused = await run('alias', 'set', id, 'production', '2');
    expect(refused).toMatchObject({
      code: 1,
      stderr: 'pawl: production is protected: it moves by promotion, and back by rollback.\n',
    });
    const free = await run('alias', 'policy', id, '--no-protected', '--approvals', '0');
    expect(free).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Protected +no\nApprovals +0\nEval +the choice/m),
    });
    expect((await run('alias', 'set', id, 'production', '2')).code).toBe(0);
    const shown = await run('alias', 'policy', id, '-o', 'json');
    expect(JSON.parse(shown.stdout)).toEqual({ protected: false, approvals: 0, eval: null });
  });

  test('may decide for sessions that name the agent alone', async () => {
    const id = await newAgent('deciding');
    const empty = await run('alias', 'list', id);
    expect(empty.stdout).toBe(
      `${id} has no aliases; \`pawl alias set\` makes one.\nSessions that name ${id} alone get the latest version, 3.\n`,
    );
    const none = await run('alias', 'default', id, 'production');
    expect(none).toMatchObject({ code: 3, stderr: expect.stringContaining('has no alias production') });
    await run('alias', 'set', id, 'production', '1');
    const set = await run('alias', 'default', id, 'production');
    expect(set.stdout).toBe(`Sessions that name ${id} alone get what production stands for from now on.\n`);
    const list = await run('alias', 'list', id);
    expect(list.stdout).toMatch(
      /^production +1 +yes +1 .*\nSessions .* alone get what production stands for\.\n$/m,
    );
    const shown = await run('alias', 'show', id);
    expect(shown.stdout).toMatch(
      /^Version +1, after 1 move\nDecides for +sessions that name the agent alone, too$/m,
    );
    const gone = await run('alias', 'default', id, 'none', '-o', 'json');
    expect(JSON.parse(gone.stdout)).toMatchObject({ agent_id: id, default_alias: null });
  });

  test('of an agent that is archived stays where it is, which is a no', async () => {
    const id = await newAgent('past');
    await run('alias', 'set', id, 'staging', '1');
    await own.client.beta.agents.archive(id);
    const refused = await run('alias', 'set', id, 'staging', '2');
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('is archived') });
  });

  test('that stands for nothing cannot be shown or rolled back', async () => {
    const id = await newAgent('empty');
    const expected = { code: 3, stdout: '', stderr: expect.stringContaining('production') };
    expect(await run('alias', 'show', id)).toMatchObject(expected);
    expect(await run('rollback', id)).toMatchObject(expected);
    await run('alias', 'set', id, 'production', '1');
    const first = await run('rollback', id);
    expect(first).toMatchObject({ code: 1, stderr: expect.stringContaining('name one with to') });
    const forced = await run('rollback', id, '--to', '3', '--force');
    expect(forced).toMatchObject({ code: 0, stdout: expect.stringContaining('version 1 → 3') });
    expect(forced.stdout).toMatch(/\nNo open session has version 1 from it\.\n$/);
  });
});

describe('An agent', patience, () => {
  test('is named by its id, or by a name that no other agent has', async () => {
    const ids = [await newAgent('twin'), await newAgent('twin')];
    const both = await run('alias', 'list', 'twin');
    expect(both).toMatchObject({ code: 3, stdout: '' });
    for (const id of ids) expect(both.stderr).toContain(id);
    await own.client.beta.agents.archive(ids[0] ?? '');
    expect((await run('alias', 'list', 'twin')).stdout).toContain(`${ids[1]} has no aliases`);
    expect((await run('alias', 'list', ids[0] ?? '')).code).toBe(0);
    const nobody = await run('rollback', 'nobody');
    expect(nobody).toMatchObject({
      code: 3,
      stdout: '',
      stderr: 'pawl: No agent is called nobody, or it is archived; name its id.\n',
    });
  });
});

test('A name of an alias may be anything, and the server says what is wrong with it', async () => {
  const id = await newAgent('odd');
  const odd = await run('alias', 'set', id, '../../keys?x=1', '1');
  expect(odd).toMatchObject({
    code: 3,
    stdout: '',
    stderr: expect.stringContaining('name: must begin with'),
  });
});

describe('Called wrongly', patience, () => {
  test.each([
    [['alias', 'set', 'a', 'production'], "missing required argument 'version'"],
    [['alias', 'set', 'a', 'production', '0'], 'It has to be a whole number from 1.'],
    [['alias', 'set', 'a', 'production', '1', '--from', 'x'], 'It has to be a whole number from 1.'],
    [['alias', 'policy', 'a', '--approvals', '11'], 'It has to be a whole number from 0 to 10.'],
    [['alias', 'nothing'], 'nothing'],
    [['rollback'], "missing required argument 'agent'"],
    [['rollback', 'a', '--running', 'fast'], 'Allowed choices are drain, stop_new_turns, interrupt.'],
    [['rollback', 'a', '--to', 'two'], 'It has to be a whole number from 1.'],
    [['promote', 'a', 'two'], 'It has to be a whole number from 1.'],
    [['promotion', 'reject', 'promo_a'], "required option '--comment <text>' not specified"],
    [['promotion', 'override', 'promo_a'], "required option '--reason <text>' not specified"],
    [['promotion', 'approve', 'promo_a', '--basis', 'abc'], '`pawl promotion show` gives'],
    [['promotion', 'list', '--status', 'open'], 'Allowed choices are in_review'],
  ])('`pawl %j` says what it takes, and ends with 3', async (args, complaint) => {
    const { code, stdout, stderr } = await pawl(args, { cwd: freshFolder() });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain(complaint);
    expect(stderr).toMatch(/^pawl: /);
  });
});
