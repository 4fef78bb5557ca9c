import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sdk } from '../pawl.ts';
import { freshFolder, startPawlProcess } from '../pawl-process.ts';
import { longestEndS, projectFile, unknownVariables } from './known.ts';

/*
 * The goal: the unit of systemd starts a server that works in as little of the machine as it names. The method: systemd
 * itself judges the unit where it is installed, and the command runs with the environment of the unit.
 */

const text = projectFile('integrations/systemd/pawl.service');
/** What a key of the unit says; the last one, when there are several. */
const said = (key: string): string =>
  text
    .match(new RegExp(`^${key}=.*$`, 'gm'))
    ?.at(-1)
    ?.slice(key.length + 1) ?? '';
const [program = '', ...args] = said('ExecStart').split(' ');
const environment = Object.fromEntries(
  said('Environment')
    .split(' ')
    .map((word) => word.split('=') as [string, string]),
);

test('The unit sets variables that the server reads, and keeps data where it may write', () => {
  expect(unknownVariables(Object.keys(environment))).toEqual([]);
  expect(environment['PAWL_DATA_DIR']).toBe(`/var/lib/${said('StateDirectory')}`);
  expect(said('EnvironmentFile')).toBe(`-${said('WorkingDirectory')}/pawl.env`);
  expect(said('WorkingDirectory')).toBe(`/etc/${said('ConfigurationDirectory')}`);
});

test('The unit gives the server the time that it needs to end', () => {
  expect(Number(said('TimeoutStopSec'))).toBeGreaterThan(longestEndS);
});

test('The command of the unit serves, and ends well when it is told to', async () => {
  expect(program).toMatch(/^\/.*\/pawl$/);
  const env = {
    ...environment,
    PAWL_DATA_DIR: freshFolder(),
    PAWL_PORT: '0',
    PAWL_API_KEY: 'a-key-of-the-unit',
  };
  const server = startPawlProcess(args, { env });
  const [, url = ''] = await server.printed(/listens on (\S+)/);
  expect((await sdk(url, env.PAWL_API_KEY).beta.agents.list()).data).toEqual([]);
  server.child.kill(said('KillSignal') as NodeJS.Signals);
  expect((await server.finished).code).toBe(0);
});

const analyzer = 'systemd-analyze';
const systemd = Number(
  /^systemd (\d+)/.exec(spawnSync(analyzer, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1] ?? 0,
);

// Without systemd, as on other systems than Linux, nobody could say; before 250 it judged only what it had loaded.
test.runIf(systemd >= 250)('Systemd finds nothing wrong with the unit, and little that it could do', () => {
  const folder = freshFolder();
  const [unit, stub] = [join(folder, 'pawl.service'), join(folder, 'pawl')];
  writeFileSync(stub, '');
  chmodSync(stub, 0o755);
  writeFileSync(unit, text.replace(program, stub));
  const analyze = (...words: string[]) => spawnSync(analyzer, [...words, unit], { encoding: 'utf8' });
  const verified = analyze('verify');
  expect(verified.status).toBe(0);
  // It reads the units that ours names as well, and may complain of those.
  expect(verified.stderr).not.toContain('pawl');
  // Out of a hundred; a unit that says nothing has over ninety.
  expect(analyze('security', '--offline=true', '--threshold=20').status).toBe(0);
});
