import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { publicOr } from './network.ts'

test('public addresses may be reached', () => {
  const allows = publicOr([])
  for (const address of ['93.184.216.34', '1.1.1.1', '2606:4700:4700::1111', '::ffff:1.1.1.1'])
    assert.ok(allows(address), address)
})

test('the machine, its networks and what only routes to them may not', () => {
  const allows = publicOr([])
  const refused = {
    loopback: ['127.0.0.1', '127.8.9.10', '::1'],
    unspecified: ['0.0.0.0', '0.1.2.3', '::'],
    private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fd12::1', 'fc00::1'],
    linkLocal: ['169.254.1.1', 'fe80::1', 'fe80::1%eth0', 'fec0::1'],
    carrierGrade: ['100.64.0.1', '100.127.255.255'],
    multicast: ['224.0.0.1', '239.1.1.1', 'ff02::1'],
    broadcast: ['255.255.255.255', '240.0.0.1'],
    documentation: ['192.0.2.1', '198.51.100.7', '203.0.113.9', '2001:db8::1'],
    benchmarking: ['198.18.0.1'],
    mapped: ['::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:a9fe:a9fe', '::127.0.0.1'],
    translated: ['64:ff9b::7f00:1', '64:ff9b::a00:1', '64:ff9b:1::1', '2002:7f00:1::', '2001::1'],
    metadata: ['169.254.169.254', 'fd00:ec2::254', '168.63.129.16', '100.100.100.200'],
  }
  for (const [kind, addresses] of Object.entries(refused))
    for (const address of addresses) assert.ok(!allows(address), `${kind}: ${address}`)
})

test('no address of a private network is let through, in IPv6 clothes or without', () => {
  const allows = publicOr([])
  const octet = fc.integer({ min: 0, max: 255 })
  fc.assert(
    fc.property(octet, octet, octet, (b, c, d) => {
      for (const v4 of [`10.${b}.${c}.${d}`, `127.${b}.${c}.${d}`, `192.168.${c}.${d}`]) {
        assert.ok(!allows(v4))
        assert.ok(!allows(`::ffff:${v4}`))
        assert.ok(!allows(`64:ff9b::${v4}`))
      }
    }),
  )
})

test('what is no address is refused', () => {
  for (const text of ['', 'localhost', '1.2.3.4.5', '1.2.3.4/8', 'example.com'])
    assert.ok(!publicOr(['0.0.0.0/0', '::/0'])(text), text)
})

test('a network that the operator names may be reached, its neighbours not', () => {
  const allows = publicOr(['10.1.0.0/16', 'fd12::/32', '127.0.0.1'])
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', 'fd12::5', '127.0.0.1'])
    assert.ok(allows(address), address)
  for (const address of ['10.2.0.1', 'fd13::5', '127.0.0.2', '::1'])
    assert.ok(!allows(address), address)
})

test('a network that cannot be read is named', () => {
  assert.throws(() => publicOr(['10.0.0.0/33']), /"10\.0\.0\.0\/33" is no network/)
  assert.throws(() => publicOr(['localhost']), /"localhost" is no network/)
})
