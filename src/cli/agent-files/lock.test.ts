import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshFolder } from '../../../test/pawl-process.ts';
import { readLock, writeLock } from './lock.ts';

const entry = { id: 'agent_1', version: 2, file_hash: 'f', server_hash: 's' };

test('A lock is read as it was written, sorted by path, and leaves nothing else behind', () => {
  const folder = freshFolder();
  const path = join(folder, 'pawl.lock.json');
  const lock = new Map([
    ['agents/b.md', entry],
    ['agents/__proto__', { ...entry, id: 'agent_2' }],
  ]);
  writeLock(path, lock);
  expect([...readLock(path)]).toEqual([...lock].toReversed());
  expect(readdirSync(folder)).toEqual(['pawl.lock.json']);
  expect(readFileSync(path, 'utf8')).toMatch(/^\{\n {2}"lock_version": 1,[\s\S]*\}\n$/);
});

test('A lock that is not there is empty', () => {
  expect(readLock(join(freshFolder(), 'pawl.lock.json'))).toEqual(new Map());
});

test.each([
  ['{"lock_version": 1,\n<<<<<<< ours', 'is not JSON'],
  ['[]', 'is not a lock that this version of pawl can read'],
  ['{"lock_version": 2, "agents": {}}', 'lock_version'],
  ['{"lock_version": 1, "agents": {"a.md": {"id": "agent_1"}}}', 'agents > a.md > version'],
])('What is no lock is told: %s', (text, complaint) => {
  const path = join(freshFolder(), 'pawl.lock.json');
  writeFileSync(path, text);
  expect(() => readLock(path)).toThrow(complaint);
  expect(() => readLock(path)).toThrow(path);
});

test.each([
  '../../outside.md',
  '/etc/outside.md',
  'agents/../../outside.md',
  '..',
  '.',
  '',
  './a.md',
  'a//b.md',
  'a/',
])('A lock that names %j, which no command would write, is refused', (stray) => {
  const path = join(freshFolder(), 'pawl.lock.json');
  writeLock(path, new Map([['agents/a.md', entry]]));
  expect(readLock(path).size).toBe(1);
  writeLock(
    path,
    new Map([
      [stray, entry],
      ['agents/a.md', entry],
    ]),
  );
  expect(() => readLock(path)).toThrow(
    `${path}: agents > ${stray}: must be the path of a file in the folder`,
  );
});

test('A lock that is a link stays one, and keeps its mode', () => {
  const folder = freshFolder();
  const [real, link] = [join(folder, 'real.json'), join(folder, 'pawl.lock.json')];
  writeFileSync(real, '');
  chmodSync(real, 0o664);
  symlinkSync('real.json', link);
  writeLock(link, new Map([['a.md', entry]]));
  expect([...readLock(real)]).toEqual([['a.md', entry]]);
  expect(statSync(real).mode & 0o777).toBe(0o664);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
});

test('A lock that cannot be written is told, and the old one stays', () => {
  const folder = freshFolder();
  const path = join(folder, 'file/pawl.lock.json');
  writeFileSync(join(folder, 'file'), 'in the way');
  expect(() => writeLock(path, new Map())).toThrow(`${path} cannot be written`);
  expect(readdirSync(folder)).toEqual(['file']);
});
