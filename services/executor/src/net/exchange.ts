import { lookup } from 'node:dns'
import { type IncomingHttpHeaders, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { AddressPolicy } from './network.ts'

/** One request to one server. */
export interface Exchange {
  /** http or https. */
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | null
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** At most `maxBytes`. */
  readonly body: Buffer
  /** Whether there was more, which was not read. */
  readonly truncated: boolean
}

export interface ExchangeOptions {
  /** Decides on the address that is connected to, after the name was looked up. */
  readonly policy: AddressPolicy
  /** So much of the answer's body is read, in bytes. */
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** The host, or what its name stands for, is an address that tasks must not reach. */
export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError'
}

/**
 * Sends a request on a connection of its own and reads the beginning of the answer. No redirect is
 * followed.
 *
 * The policy sees the very address that the socket connects to, so a name that is looked up again
 * with another answer gains nothing.
 *
 * @throws {AddressRefusedError} before anything was sent
 * @throws the signal's reason once it aborts
 * @throws what the connection ended with, a broken answer too
 */
export function exchange(
  { url, method, headers, body }: Exchange,
  { policy, maxBytes, signal }: ExchangeOptions,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    // A literal address is never looked up. URL has made it canonical: 0x7f.1 reads 127.0.0.1 here.
    const literal = url.hostname.replace(/^\[(.*)\]$/, '$1')
    if (isIP(literal) !== 0 && !policy(literal)) throw refused(literal, [literal])

    const send = url.protocol === 'https:' ? requestHttps : requestHttp
    const request = send(url, {
      method,
      headers: body === null ? headers : { ...headers, 'content-length': body.byteLength },
      agent: false,
      lookup: guard(policy),
      signal,
    })
    const fail = (error: unknown) => reject(signal.aborted ? signal.reason : error)
    request.on('error', fail)
    request.on('response', response => {
      const chunks: Buffer[] = []
      let size = 0
      const settle = (truncated: boolean) => {
        const { statusCode: status = 0, headers } = response
        resolve({ status, headers, body: Buffer.concat(chunks), truncated })
      }
      response.on('error', fail)
      response.on('end', () => settle(false))
      response.on('data', (chunk: Buffer) => {
        const room = maxBytes - size
        size += chunk.length
        chunks.push(chunk.subarray(0, room))
        if (size <= maxBytes) return
        settle(true)
        request.destroy()
      })
    })
    request.end(body ?? undefined)
  })
}

/** A look-up that answers only with addresses that may be reached. */
function guard(policy: AddressPolicy): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '')
      const allowed = found.filter(({ address }) => policy(address))
      const [first] = allowed
      if (first === undefined) {
        const addresses = found.map(({ address }) => address)
        return callback(refused(hostname, addresses), '')
      }
      if (options.all) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
}

function refused(host: string, addresses: readonly string[]): AddressRefusedError {
  const where = addresses.includes(host) ? host : `${host} (${addresses.join(', ')})`
  return new AddressRefusedError(
    `${where} lies in a network that tasks must not reach; an operator can allow it with configs.http-task.allowed-networks`,
  )
}
