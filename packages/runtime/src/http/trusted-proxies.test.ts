import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { kindOf, trustProxies } from './trusted-proxies.ts'

const log = pino({ level: 'silent' })

test('an address or a network is trusted, its neighbours are not', () => {
  using proxies = trustProxies(['10.1.2.3', '172.20.0.0/16', 'fd00::/8'], { log })
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '172.20.255.1', 'fd12::1'])
    assert.equal(proxies.trusts(address), true, address)
  for (const address of ['10.1.2.4', '172.21.0.1', 'fe80::1', 'gateway', ''])
    assert.equal(proxies.trusts(address), false, address)
})

test('nobody is trusted unless told', () => {
  using proxies = trustProxies([], { log })
  assert.equal(proxies.trusts('127.0.0.1'), false)
})

test('a name stands for all of its addresses', async () => {
  const resolve = async () => ['10.0.0.7', '10.0.0.8']
  using proxies = trustProxies(['gateway'], { log, resolve })
  await proxies.ready
  assert.equal(proxies.trusts('10.0.0.8'), true)
  assert.equal(proxies.trusts('10.0.0.9'), false)
})

test('a proxy that was started again at another address is trusted there, and no more at the old', async () => {
  const lookedUp = Promise.withResolvers<void>()
  let count = 0
  const resolve = async () => {
    if (++count > 2) lookedUp.resolve()
    return [count === 1 ? '10.0.0.7' : '10.0.0.8']
  }
  using proxies = trustProxies(['gateway'], { log, resolve, refreshMs: 1 })
  await proxies.ready
  assert.equal(proxies.trusts('10.0.0.7'), true)
  await held(lookedUp.promise)
  assert.equal(proxies.trusts('10.0.0.8'), true)
  assert.equal(proxies.trusts('10.0.0.7'), false)
})

test('a proxy whose name is not to be found for a while stays trusted', async () => {
  const lookedUp = Promise.withResolvers<void>()
  let count = 0
  const resolve = async () => {
    if (++count === 1) return ['10.0.0.7']
    if (count > 2) lookedUp.resolve()
    throw new Error('ENOTFOUND')
  }
  using proxies = trustProxies(['gateway'], { log, resolve, refreshMs: 1 })
  await proxies.ready
  await held(lookedUp.promise)
  assert.equal(proxies.trusts('10.0.0.7'), true)
})

test('what is no address, network or name is refused', () => {
  for (const entry of ['10.0.0.0/33', '10.0.0.0/8/8', '10.0.0', 'fd00::/129', 'a b', '*', ''])
    assert.equal(kindOf(entry), null, entry)
  assert.equal(kindOf('ingress-nginx.svc.cluster.local'), 'name')
})

/** Waits with a timer of its own: looking names up keeps no process alive. */
async function held(promise: Promise<void>): Promise<void> {
  const alive = setInterval(() => {}, 1_000)
  await promise.finally(() => clearInterval(alive))
}
