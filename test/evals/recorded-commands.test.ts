import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ShadowResponse } from '../../src/api/shadows.ts';
import { type ModelServer, startModelServer } from '../model-server.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { pawlHere as run } from '../pawl-here.ts';
import type { Finished } from '../pawl-process.ts';
import type { Setting } from '../story.ts';
import { putDataset, putEval } from './eval-story.ts';
import {
  enough,
  makeTeams,
  namesTeam,
  shadow_pause_ms,
  shadowUntil,
  talkOfMany,
  teamModel,
} from './recorded-story.ts';

/*
 * The goal: backtests and shadows can be had from the command line. The method: each command as a process, against a
 * server that users have talked to.
 */

let model: ModelServer;
let pawl: TestPawl;
let setting: Setting;

beforeAll(async () => {
  model = await startModelServer({ reply: teamModel });
  pawl = await startPawl(
    { anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' },
    { shadow_pause_ms },
  );
  setting = await makeTeams(pawl);
  await putDataset(pawl, 'unused', [{ id: 'a', input: 'x' }]);
  await putEval(pawl, { name: 'teams', agent: setting.agent.id, dataset: 'unused', ...namesTeam });
});

afterAll(async () => {
  await pawl.server.close();
  await model.close();
});

const command = (...args: readonly string[]): Promise<Finished> =>
  run([...args, '--url', pawl.url], { env: { PAWL_API_KEY: pawl.key } });

test('A shadow is started, shown, stopped and compared, and a backtest ends with its verdict', async () => {
  const name = setting.agent.name;
  const started = await command('shadow', 'start', name, '--candidate', '2', '--sample', '1', '-o', 'json');
  expect(started.code, started.stderr).toBe(0);
  const { id } = JSON.parse(started.stdout) as ShadowResponse;
  const listing = command('shadow', 'list', name, '--status', 'running');
  await talkOfMany(pawl.client, setting, enough);
  expect((await listing).stdout).toContain(id);
  await shadowUntil(pawl, id, ({ candidate }) => candidate.turns === enough);
  const stopped = await command('shadow', 'stop', id);
  expect(stopped.stdout).toContain(`${id} is stopped: preset stopped it.`);
  expect(stopped.stdout).toMatch(new RegExp(`^candidate +${enough} +0 +0 `, 'm'));
  const [shown, compared, backtest, unscored] = await Promise.all([
    command('shadow', 'show', id),
    command('shadow', 'compare', id, '--eval', 'teams'),
    command('backtest', name, '--candidate', '3', '--eval', 'teams'),
    command('shadow', 'compare', id),
  ]);
  expect(shown.stdout).toBe(stopped.stdout);
  expect(compared.stderr).toContain(`against what version 1 answered: ${enough} turns.`);
  expect(compared.stdout).toContain('FAIL');
  expect(compared.code).toBe(1);
  expect(backtest.stderr).toContain(`against what version 1 answered: ${enough} sessions.`);
  expect(backtest.stdout).toContain('PASS');
  expect(backtest.code, backtest.stderr).toBe(0);
  expect(unscored).toMatchObject({ code: 3, stdout: '' });
  expect(unscored.stderr).toContain('eval: must be given');
});
