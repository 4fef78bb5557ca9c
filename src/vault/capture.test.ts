import { expect, test } from 'vitest';
import { capture } from './capture.ts';

const answer = (body: string, status = 400) => ({
  ...{ status, headers: { 'content-type': 'application/json' }, body, truncated: false },
});

test('An error is shown as it came', () => {
  const body = '{"error":"invalid_grant","error_description":"the grant is over"}';
  expect(capture(answer(body), ['secret-1'])).toEqual({
    ...{ status_code: 400, content_type: 'application/json', body, body_truncated: false },
  });
});

test.each([
  ['as it is', 'you sent s3cr+t/1"x', 's3cr+t/1"x'],
  ['as a form', 'you sent s3cr%2Bt%2F1%22x', 's3cr%2Bt'],
  ['as a form spells more than URLs do', 'you sent t0p%7Es*+x', 't0p%7Es'],
  ['in JSON', '{"sent":"s3cr+t/1\\"x"}', 's3cr+t'],
  ['as a token that nobody knew', '{"access_token": "brand-new"}', 'brand-new'],
  ['as a field of a form', 'a=b&refresh_token=brand-new&c=d', 'brand-new'],
])('A secret is taken out, %s', (_how, body, secret) => {
  const { body: shown } = capture(answer(body), ['s3cr+t/1"x', 't0p~s* x', 's3cr']);
  expect(shown).toContain('[removed]');
  expect(shown).not.toContain(secret);
});

test('Of what is no error nothing is shown, and of what is long only the beginning', () => {
  expect(capture(answer('{"x":"tok"}', 200), [])).toMatchObject({ body: '', body_truncated: true });
  const long = capture(answer('x'.repeat(5000)), []);
  expect([long.body.length, long.body_truncated]).toEqual([2000, true]);
});
