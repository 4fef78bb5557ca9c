import Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newSigningSecret, signedHeaders } from './signature.ts';

// The known answer in the test suite of the Standard Webhooks reference libraries ("sign function works").
const published = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  signed: { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1_614_265_330, body: '{"test": 2432232314}' },
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};

const bytes = (fill: number) => (size: number) => new Uint8Array(size).fill(fill);
const sdk = new Anthropic({ apiKey: 'none', baseURL: 'http://127.0.0.1:1' });

test('The known answer of the Standard Webhooks libraries comes out', () => {
  expect(signedHeaders(published.signed, [published.secret])).toEqual({
    'webhook-id': published.signed.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': published.signature,
  });
});

test('A secret is the base64 of 32 random bytes behind its prefix', () => {
  const secret = newSigningSecret(bytes(255));
  expect(secret).toBe(`whsec_${'/'.repeat(42)}8=`);
  expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32);
});

test('The SDK takes whatever is signed with any of its secrets, and nothing that was changed', () => {
  fc.assert(
    fc.property(fc.json(), fc.integer({ min: 1, max: 254 }), (body, fill) => {
      const [secret, other, third] = [fill, fill + 1, 0].map((one) => newSigningSecret(bytes(one)));
      const signed = { id: 'whe_1', timestamp: Math.floor(Date.now() / 1000), body };
      const headers = signedHeaders(signed, [secret ?? '', other ?? '']);
      for (const key of [secret ?? '', other ?? '']) {
        expect(sdk.beta.webhooks.unwrap(body, { headers, key })).toEqual(JSON.parse(body));
        expect(() => sdk.beta.webhooks.unwrap(`${body} `, { headers, key })).toThrow(/signature/);
      }
      expect(() => sdk.beta.webhooks.unwrap(body, { headers, key: third ?? '' })).toThrow(/signature/);
    }),
    { numRuns: 50 },
  );
});
