import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fileNameOf, fileTypeOf, isMimeType } from './file-type.ts';

test.each([
  ['a.pdf', 'a.pdf'],
  ['/tmp/a b.pdf', 'a b.pdf'],
  ['..\\..\\a.pdf', 'a.pdf'],
  ['a/', 'unnamed.pdf'],
  ['', 'unnamed.pdf'],
  [' ', 'unnamed.pdf'],
  ['..', 'unnamed.pdf'],
  [null, 'unnamed.pdf'],
])('The name %j becomes %j', (given, name) => {
  expect(fileNameOf({ given, declared: 'application/pdf' })).toBe(name);
});

test('A name is never a path', () => {
  fc.assert(
    fc.property(fc.string(), (given) => {
      const name = fileNameOf({ given, declared: 'x/y' });
      expect(name).not.toMatch(/[/\\]/);
      expect(['', '.', '..']).not.toContain(name);
    }),
  );
});

test.each([
  ['application/octet-stream', 'a.PNG', 'image/png'],
  ['application/octet-stream', 'a.jpeg', 'image/jpeg'],
  ['application/octet-stream', 'png', 'application/octet-stream'],
  ['application/octet-stream', 'a.exe', 'application/octet-stream'],
  ['text/plain', 'a.png', 'text/plain'],
])('Bytes declared as %s and called %s are %s', (declared, filename, type) => {
  expect(fileTypeOf({ declared, filename })).toBe(type);
});

test('A type is two words with a slash between, and no more', () => {
  expect(['application/pdf', 'image/svg+xml', 'x-a/b.c'].every(isMimeType)).toBe(true);
  const wrong = ['', 'pdf', 'a/', '/b', 'a/b; c=d', 'a/b\r\nx: y', 'a/b/c', 'A/B', `a/${'b'.repeat(200)}`];
  expect(wrong.filter(isMimeType)).toEqual([]);
});
