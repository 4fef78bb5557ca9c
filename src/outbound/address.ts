import { BlockList, isIPv4, isIPv6 } from 'node:net';

type Network = readonly [first: string, bits: number];

/** IPv4 addresses that are not out in the internet, or are something special there. */
const special4: readonly Network[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // Azure answers here with what a machine should know, secrets included.
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  // Multicast, reserved, broadcast.
  ['224.0.0.0', 3],
];

/** Within the part of IPv6 that is handed out: protocols and tunnels, documentation, IPv4 by another name. */
const special6: readonly Network[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
];

/** How an IPv4 address looks from a network that has only IPv6 (RFC 6052). */
const nat64 = '64:ff9b::';

const refused4 = listOf('ipv4', special4);
const refused6 = listOf('ipv6', [
  ...special6,
  ...special4.map(([network, bits]) => [nat64 + network, 96 + bits] as const),
]);
/** All of IPv6 that is handed out (RFC 4291), and IPv4 behind its prefix. */
const open6 = listOf('ipv6', [
  ['2000::', 3],
  [nat64, 96],
]);

/**
 * Whether an IP address is out in the internet, by the registries of special addresses that IANA keeps for IPv4 and
 * IPv6. An IPv4 address that is written as an IPv6 one (`::ffff:…`) never is, nor is what is no address at all.
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !refused4.check(address, 'ipv4');
  return isIPv6(address) && open6.check(address, 'ipv6') && !refused6.check(address, 'ipv6');
}

function listOf(family: 'ipv4' | 'ipv6', networks: readonly Network[]): BlockList {
  const list = new BlockList();
  for (const [first, bits] of networks) list.addSubnet(first, bits, family);
  return list;
}
