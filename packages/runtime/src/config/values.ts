import { kindOf } from '../http/trusted-proxies.ts'
import { Secret } from './secret.ts'

/** How the text of a setting is read. */
export interface ValueType<T> {
  /** Completes the sentence "<key> must be …"; docs/configuration.md shows it as the type. */
  readonly expects: string
  /** @returns undefined when the text is no such value */
  read(text: string): T | undefined
}

export const text: ValueType<string> = {
  expects: 'text',
  read: value => value,
}

/** @param range the least and the greatest number allowed, both inclusive */
export function wholeNumber(range: { min: number; max?: number }): ValueType<number> {
  const { min, max = Number.MAX_SAFE_INTEGER } = range
  const limits = range.max === undefined ? `of ${min} or more` : `from ${min} to ${max}`
  return {
    expects: `a whole number ${limits}`,
    read(value) {
      const number = /^[+-]?\d{1,16}$/.test(value) ? Number(value) : Number.NaN
      return number >= min && number <= max ? number : undefined
    },
  }
}

export const flag: ValueType<boolean> = {
  expects: 'true or false',
  read(value) {
    const lower = value.toLowerCase()
    return lower === 'true' ? true : lower === 'false' ? false : undefined
  },
}

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `300ms`, `30s`, `15m`, `1h`, `7d`; read as milliseconds. */
export function duration(range: { minMs?: number; maxMs?: number } = {}): ValueType<number> {
  const { minMs = 0, maxMs = 3_650 * UNIT_MS.d } = range
  return {
    expects: `a duration such as 300ms, 30s, 15m, 1h or 7d${minMs > 0 ? `, at least ${minMs}ms` : ''}`,
    read(value) {
      const found = /^(\d{1,12})\s*(ms|s|m|h|d)$/i.exec(value)
      if (!found) return undefined
      const ms = Number(found[1]) * UNIT_MS[found[2]!.toLowerCase() as keyof typeof UNIT_MS]
      return ms >= minMs && ms <= maxMs ? ms : undefined
    },
  }
}

/** Entries parted by commas, trimmed; empty ones are dropped. */
export const commaList: ValueType<readonly string[]> = {
  expects: 'a comma list',
  read(value) {
    const entries = value.split(',').map(entry => entry.trim())
    return Object.freeze(entries.filter(entry => entry !== ''))
  },
}

/** Addresses, networks in CIDR notation and host names, parted by commas. */
export const proxyList: ValueType<readonly string[]> = {
  expects: 'a comma list of addresses, networks and host names',
  read(value) {
    const entries = commaList.read(value) ?? []
    return entries.every(entry => kindOf(entry) !== null) ? entries : undefined
  },
}

export function oneOf<const Name extends string>(...names: readonly Name[]): ValueType<Name> {
  return {
    expects: `one of ${names.join(', ')}`,
    read: value => names.find(name => name === value),
  }
}

/** `http://host:port`, without the slash at its end. */
export const httpUrl: ValueType<string> = {
  expects: 'an http:// or https:// URL',
  read(value) {
    const url = URL.parse(value)
    if (url === null || !/^https?:$/.test(url.protocol)) return undefined
    return value.replace(/\/+$/, '')
  },
}

/** `jdbc:postgresql://host:port/`, `postgresql://…` or `postgres://…`. */
export const databaseUrl: ValueType<string> = {
  expects: 'a database URL such as jdbc:postgresql://postgres:5432/',
  read(value) {
    const url = URL.parse(value.replace(/^jdbc:/, ''))
    if (url === null || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === '')
      return undefined
    return value
  },
}

/** @param minBytes the least length of its UTF-8 bytes */
export function secretText(minBytes = 1): ValueType<Secret> {
  return {
    expects: minBytes > 1 ? `a secret of ${minBytes} or more bytes` : 'a secret',
    read: value => (Buffer.byteLength(value) >= minBytes ? new Secret(value) : undefined),
  }
}
