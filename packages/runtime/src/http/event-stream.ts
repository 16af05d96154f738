import type { OutgoingHttpHeaders } from 'node:http'
import { CronosError } from '@cronos/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../tokens.ts'

/** An event as a client gets it. */
export interface ServerEvent {
  readonly event: string
  /** Where the client goes on after its connection broke: it sends the latest as `Last-Event-ID`. */
  readonly id?: string
  /** Sent as JSON. */
  readonly data: object
}

/** An answer that goes on: server-sent events to one client. */
export interface EventStream {
  /** Aborts when the stream has ended, whoever ended it. */
  readonly ended: AbortSignal
  /** Sends an event; a client that does not keep up is cut off, and comes back with its latest id. */
  send(event: ServerEvent): void
  /** Tells the client why the stream ends, and ends it. */
  end(reason: string): void
}

/** The open streams of a service. */
export interface EventStreams {
  /**
   * Begins a stream in answer to a request. It ends with the caller's token at the latest.
   *
   * @throws {CronosError} TOO_MANY_STREAMS, before anything was answered
   */
  open(request: Pick<FastifyRequest, 'caller'>, reply: FastifyReply): EventStream
  /** Ends all streams, and any that is opened from now on: the service stops. */
  endAll(): void
}

export interface EventStreamLimits {
  /** Streams at once, of this process. */
  readonly maxStreams: number
  readonly maxStreamsPerOwner: number
}

/** How often a silent stream shows that it is there, in milliseconds: shorter than proxies wait. */
const HEARTBEAT_MS = 15_000
/** When a client whose connection broke comes back, in milliseconds. */
const RECONNECT_MS = 2_000
/** What may wait for a slow client at most, in bytes. */
const MAX_WAITING = 1_048_576
/** When a client that was turned away may come back, in seconds. */
const RETRY_AFTER_S = '10'
/** The longest time that a timer takes, in milliseconds. */
const LONGEST_TIMER_MS = 0x7fff_ffff

export function openEventStreams({
  maxStreams,
  maxStreamsPerOwner,
}: EventStreamLimits): EventStreams {
  const open = new Map<Stream, string>()
  let stopping = false
  const heartbeat = setInterval(() => {
    for (const stream of open.keys()) stream.beat()
  }, HEARTBEAT_MS)
  heartbeat.unref()

  return {
    open({ caller }, reply) {
      const mine = [...open.values()].filter(owner => owner === caller.userId).length
      if (mine >= maxStreamsPerOwner || open.size >= maxStreams) {
        reply.header('retry-after', RETRY_AFTER_S)
        const message =
          mine >= maxStreamsPerOwner
            ? `you have ${mine} streams of events open, as many as may be: end one first`
            : 'as many streams of events are open here as may be, come back later'
        throw new CronosError('TOO_MANY_STREAMS', message)
      }
      const stream = beginStream(reply, caller)
      open.set(stream, caller.userId)
      stream.ended.addEventListener('abort', () => open.delete(stream))
      if (stopping) stream.end('stopping')
      return stream
    },
    endAll() {
      stopping = true
      clearInterval(heartbeat)
      for (const stream of [...open.keys()]) stream.end('stopping')
    },
  }
}

interface Stream extends EventStream {
  /** Shows that it is there, by a comment. */
  beat(): void
}

function beginStream(reply: FastifyReply, { expiresAtMs }: Caller): Stream {
  reply.hijack()
  const { raw } = reply
  const headers = reply.getHeaders() as OutgoingHttpHeaders
  raw.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'x-accel-buffering': 'no', // a proxy passes each event on as it comes
  })
  raw.write(`retry: ${RECONNECT_MS}\n\n`)

  const ended = new AbortController()
  const leftMs = Math.min(Math.max(0, expiresAtMs - Date.now()), LONGEST_TIMER_MS)
  const expiry = setTimeout(() => end('token expired'), leftMs)
  expiry.unref()
  raw.on('error', () => {}) // the client is gone; `close` follows
  raw.on('close', () => {
    clearTimeout(expiry)
    ended.abort()
  })
  return {
    ended: ended.signal,
    send: event => write(formatEvent(event)),
    beat: () => write(':\n\n'),
    end,
  }

  function write(text: string): void {
    if (ended.signal.aborted) return
    raw.write(text)
    if (raw.writableLength > MAX_WAITING) {
      ended.abort()
      raw.destroy()
    }
  }

  function end(reason: string): void {
    if (ended.signal.aborted) return
    ended.abort()
    raw.end(formatEvent({ event: 'end', data: { reason } }))
  }
}

/** JSON has no line breaks, and an id is of our own making. */
function formatEvent({ event, id, data }: ServerEvent): string {
  const named = id === undefined ? '' : `id: ${id}\n`
  return `event: ${event}\n${named}data: ${JSON.stringify(data)}\n\n`
}
