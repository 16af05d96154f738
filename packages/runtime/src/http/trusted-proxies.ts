import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import type { Logger } from 'pino'

/** The proxies whose word is taken for where a request came from. */
export interface TrustedProxies extends Disposable {
  /** Whether this peer's `X-Forwarded-For` is believed. */
  trusts(address: string): boolean
  /** Resolves when every name has been looked up once. */
  readonly ready: Promise<void>
}

export interface TrustedProxiesOptions {
  readonly log: Logger
  /** How often names are looked up again, in milliseconds. */
  readonly refreshMs?: number
  /** All addresses of a name; rejects while there are none. */
  readonly resolve?: (name: string) => Promise<readonly string[]>
}

/** Where proxies run in containers, each start of one may give it another address. */
const REFRESH_MS = 10_000

/**
 * Addresses and networks are compared, names looked up now and again; a name that is not to be found
 * keeps the addresses that it had.
 *
 * @param entries addresses, networks in CIDR notation, and host names
 * @throws {RangeError} when an entry is none of these
 */
export function trustProxies(
  entries: readonly string[],
  { log, refreshMs = REFRESH_MS, resolve = addressesOf }: TrustedProxiesOptions,
): TrustedProxies {
  const fixed = new BlockList()
  const byName = new Map<string, readonly string[]>()
  for (const entry of entries) {
    const kind = kindOf(entry)
    if (kind === null)
      throw new RangeError(`a proxy must be an address, a network or a host name, got ${entry}`)
    if (kind === 'name') byName.set(entry, [])
    else addNetwork(fixed, entry)
  }
  const missing = new Set<string>()
  const ready = refresh()
  const timer = byName.size === 0 ? undefined : setInterval(refresh, refreshMs).unref()
  return {
    ready,
    trusts(address) {
      const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
      if (isIP(plain) === 0) return false
      if (fixed.check(plain, familyOf(plain))) return true
      return [...byName.values()].some(addresses => addresses.includes(plain))
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }

  async function refresh(): Promise<void> {
    await Promise.all([...byName.keys()].map(lookUp))
  }

  async function lookUp(name: string): Promise<void> {
    try {
      byName.set(name, await resolve(name))
      missing.delete(name)
    } catch (error) {
      if (!missing.has(name)) log.info({ err: error, name }, 'a trusted proxy is not to be found')
      missing.add(name)
    }
  }
}

/** @returns null when the text is none of the three */
export function kindOf(entry: string): 'network' | 'name' | null {
  const [address = '', prefix, ...rest] = entry.split('/')
  if (isIP(address) !== 0) {
    const bits = isIP(address) === 4 ? 32 : 128
    const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits)
    return isPrefix && rest.length === 0 ? 'network' : null
  }
  return /^(?=.*[a-z])[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(entry) ? 'name' : null
}

function addNetwork(list: BlockList, entry: string): void {
  const [address = '', prefix] = entry.split('/')
  if (prefix === undefined) list.addAddress(address, familyOf(address))
  else list.addSubnet(address, Number(prefix), familyOf(address))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

async function addressesOf(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true })
  return found.map(({ address }) => address)
}
