import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPublicAddress } from './address.ts';

test.each(['1.1.1.1', '8.8.8.8', '172.32.0.1', '192.0.1.1', '223.255.255.255', '2606:4700::1111', '2a00::1'])(
  '%s is out in the internet',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

describe('Nothing is sent to', () => {
  test.each([
    ['this machine', ['127.0.0.1', '127.255.255.255', '0.0.0.0', '::1', '::']],
    ['private networks', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fd00::1', 'fec0::1']],
    ['neighbours on the wire', ['169.254.1.1', 'fe80::1', 'fe80::1%eth0', '100.64.0.1', '100.127.255.255']],
    [
      'what a cloud tells its machines',
      ['169.254.169.254', '168.63.129.16', '100.100.100.200', 'fd00:ec2::254'],
    ],
    ['many at once', ['224.0.0.1', '239.255.255.250', '255.255.255.255', 'ff02::1']],
    ['documentation and reserves', ['192.0.2.1', '198.51.100.1', '203.0.113.9', '198.18.0.1', '240.0.0.1']],
    [
      'documentation and reserves of IPv6',
      ['2001:db8::1', '3fff::1', '2001:2::1', '100::1', '5f00::1', '4000::1'],
    ],
    ['IPv4 in the clothes of IPv6', ['::ffff:127.0.0.1', '::ffff:a00:1', '::ffff:8.8.8.8', '::127.0.0.1']],
    ['tunnels', ['2002:7f00:1::', '2002:808:808::1', '2001::1', '64:ff9b:1::1']],
    ['what is no address', ['', 'localhost', '127.1', '0x7f000001', '1.1.1.1.', '[::1]']],
  ])('%s', (_what, addresses) => {
    for (const address of addresses) expect(isPublicAddress(address), address).toBe(false);
  });
});

test('An IPv4 address is judged the same behind the prefix of IPv6 networks, and never as a mapped one', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(isPublicAddress(`64:ff9b::${address}`)).toBe(isPublicAddress(address));
      expect(isPublicAddress(`::ffff:${address}`)).toBe(false);
    }),
  );
});
