import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { freshFolder } from '../../../test/pawl-process.ts';
import { lockedPath, readAgentFile, readAgentFiles } from './agent-folder.ts';

const agent = (name: string): string => `---\nname: ${name}\nmodel: m\n---\n`;

function folderWith(files: Readonly<Record<string, string | Uint8Array>>) {
  const folder = freshFolder();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const lock = join(folder, 'pawl.lock.json');
  const at = (...paths: string[]) => paths.map((path) => join(folder, path));
  return {
    lock,
    at,
    read: (...paths: string[]) => readAgentFiles(at(...paths), lock).map(({ path }) => path),
  };
}

test('A folder stands for its .md files and those below, but not for what describes it', () => {
  const { read } = folderWith({
    'agents/b.md': agent('b'),
    'agents/deep/a.MD': agent('a'),
    'agents/README.md': '# Agents',
    'agents/notes.txt': 'notes',
    'elsewhere.md': agent('c'),
  });
  expect(read('agents')).toEqual(['agents/b.md', 'agents/deep/a.MD']);
  expect(read('elsewhere.md', 'agents/b.md', 'agents')).toEqual([
    ...['agents/b.md', 'agents/deep/a.MD', 'elsewhere.md'],
  ]);
});

test('Comments, the order of fields and a byte order mark do not change the hash of a file', () => {
  const { read, lock } = folderWith({
    'a.md': agent('a'),
    'b.md': '\ufeff---\n# A remark.\nmodel: { id: m }\nname: "a"\n---\n',
    'c.md': agent('c'),
  });
  const hashes = ['a.md', 'b.md', 'c.md'].map((path) => readAgentFile(path, lock)?.hash);
  expect(hashes[0]).toBe(hashes[1]);
  expect(hashes[0]).not.toBe(hashes[2]);
  expect(read('a.md')).toEqual(['a.md']);
});

test('What cannot be used is told with its path', () => {
  const { read } = folderWith({
    'empty/notes.txt': '',
    'twice/a.md': agent('same'),
    'twice/b.md': agent('same'),
    'latin.md': Uint8Array.from([...Buffer.from(agent('a')), 0xe9]),
    'large.md': `${agent('a')}${'x'.repeat(1024 * 1024)}`,
    'broken.md': 'You sort tickets.',
  });
  expect(() => read('empty')).toThrow(/empty holds no \.md files$/);
  expect(() => read('gone')).toThrow(/gone: no file or folder is there$/);
  expect(() => read('twice')).toThrow('twice/a.md and twice/b.md are both called same');
  expect(() => read('latin.md')).toThrow('latin.md is not UTF-8');
  expect(() => read('large.md')).toThrow('large.md is larger than 1 MiB');
  expect(() => read('broken.md')).toThrow('broken.md, line 1:');
  expect(() => read('../outside.md')).toThrow('is outside of the folder of');
});

test('A file that is not there is none, whatever it is called', () => {
  const { lock, at } = folderWith({ 'a.md': agent('a') });
  expect(readAgentFile('gone.md', lock)).toBeNull();
  expect(readAgentFile('a.md/deeper.md', lock)).toBeNull();
  expect(at('..odd.md').map((path) => lockedPath(path, lock))).toEqual(['..odd.md']);
});
