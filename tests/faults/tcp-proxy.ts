import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way between a process and a server that a test can break. Disposing of it closes it. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** Where the other end is. */
  leadTo(port: number): void
  /** Ends all connections with a reset. */
  cut(): void
  /** Ends all connections, and refuses new ones until `pass`. */
  refuse(): void
  /** Lets nothing through in either direction, and tells neither end: half open, until `pass`. */
  stall(): void
  /** Lets everything through so many milliseconds later, until `pass`. */
  slow(ms: number): void
  /** Lets everything through again. What was stalled goes on; `cut` before to have it lost. */
  pass(): void
}

/** A port of 127.0.0.1 that leads to another. */
export async function openTcpProxy(): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const resetting = new WeakSet<Socket>()
  let target = 0
  let isRefusing = false
  let isStalled = false
  let delayMs = 0

  const server = createServer({ allowHalfOpen: true }, client => {
    if (isRefusing) {
      client.resetAndDestroy()
      return
    }
    const upstream = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true })
    forward(client, upstream)
    forward(upstream, client)
  })
  server.listen({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')

  function forward(from: Socket, to: Socket): void {
    sockets.add(from)
    from.setNoDelay(true)
    let last = Promise.resolve()
    /** Keeps the order of what is delayed. */
    const inTurn = (deliver: () => void) => {
      if (delayMs === 0) {
        last = last.then(deliver)
        return
      }
      const ready = new Promise<void>(resolve => setTimeout(resolve, delayMs))
      last = last.then(() => ready).then(deliver)
    }
    from.on('data', chunk => inTurn(() => !to.destroyed && to.write(chunk)))
    from.on('end', () => inTurn(() => !to.destroyed && to.end()))
    from.on('error', () => {}) // `close` follows
    from.on('close', hadError => {
      sockets.delete(from)
      if (hadError) reset(to)
    })
    if (isStalled) from.pause()
  }

  /** A socket that is being shut down cannot be reset too: its handle would stay open for ever. */
  function reset(socket: Socket): void {
    if (resetting.has(socket)) return
    resetting.add(socket)
    if (socket.writableEnded) socket.destroy()
    else socket.resetAndDestroy()
  }

  function cut(): void {
    for (const socket of sockets) reset(socket)
  }

  return {
    port: (server.address() as AddressInfo).port,
    leadTo(port) {
      target = port
    },
    cut,
    refuse() {
      isRefusing = true
      cut()
    },
    stall() {
      isStalled = true
      for (const socket of sockets) socket.pause()
    },
    slow(ms) {
      delayMs = ms
    },
    pass() {
      isRefusing = false
      isStalled = false
      delayMs = 0
      for (const socket of sockets) socket.resume()
    },
    async [Symbol.asyncDispose]() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
