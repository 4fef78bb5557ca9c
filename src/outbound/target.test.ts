import { expect, test } from 'vitest';
import { judgeTarget } from './target.ts';

const strict = { allow_private: false };
const lax = { allow_private: true };

test.each([
  ['https://hooks.example.com', 'https://hooks.example.com/'],
  ['https://hooks.example.com:8443/a/b?token=1', 'https://hooks.example.com:8443/a/b?token=1'],
  ['HTTPS://Hooks.Example.com/A', 'https://hooks.example.com/A'],
  ['https://1.1.1.1/', 'https://1.1.1.1/'],
  ['https://[2606:4700::1111]/', 'https://[2606:4700::1111]/'],
  ['https://localhost.example.com/', 'https://localhost.example.com/'],
])('%s is taken as it is', (text, url) => {
  expect(judgeTarget(text, strict)).toEqual({ ok: true, url });
});

test.each([
  ['http://hooks.example.com/', 'must start with https://'],
  ['ftp://hooks.example.com/', 'must start with https://'],
  ['javascript:alert(1)', 'must start with https://'],
  ['hooks.example.com', 'must be a URL of at most 2048 characters'],
  ['', 'must be a URL of at most 2048 characters'],
  [`https://hooks.example.com/${'a'.repeat(2048)}`, 'must be a URL of at most 2048 characters'],
  ['https://me:secret@hooks.example.com/', 'must hold no user name and no password'],
  ['https://me@hooks.example.com/', 'must hold no user name and no password'],
  ['https://hooks.example.com/#a', 'must have no fragment'],
  ['https://hooks.example.com:0/', 'must have a port from 1 to 65535'],
])('%s is refused', (text, problem) => {
  expect(judgeTarget(text, strict)).toEqual({ ok: false, problem });
});

const here = ['127.0.0.1', '127.1', '0x7f.1', '2130706433', '0177.0.0.1', '①②⑦.0.0.1', '%31%32%37.0.0.1'];
const near = ['10.0.0.1', '192.168.0.1', '169.254.169.254', '0.0.0.0', '[fd00::1]', '[fe80::1]'];
const mapped = [
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[64:ff9b::7f00:1]',
  '[::127.0.0.1]',
];
const names = ['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', '127.0.0.1.'];

test.each([...here, ...near, ...mapped, ...names])(
  '%s is refused in every spelling, unless allowed',
  (host) => {
    const url = `https://${host}/`;
    const problem = expect.stringContaining('must not be on this machine or in a private network');
    expect(judgeTarget(url, strict)).toEqual({ ok: false, problem });
    expect(judgeTarget(url, lax)).toMatchObject({ ok: true });
  },
);

test('Plain HTTP is taken where private addresses are, and no other scheme', () => {
  expect(judgeTarget('http://127.0.0.1:9000/hook', lax)).toEqual({
    ok: true,
    url: 'http://127.0.0.1:9000/hook',
  });
  expect(judgeTarget('ftp://127.0.0.1/', lax)).toMatchObject({
    problem: 'must start with https:// or http://',
  });
});
