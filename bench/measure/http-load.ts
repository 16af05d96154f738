import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Load {
  readonly origin: string
  readonly connections: number
  readonly requests: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Sends the same POST again and again, one at a time on each connection, and answers how long each
 * took, in milliseconds. The requests are written once and the answers hardly looked at: what loads a
 * server shares its cores here, and must leave them to it.
 *
 * @throws {Error} when an answer is no 2xx
 */
export async function postRepeatedly(load: Load): Promise<number[]> {
  const { hostname, port, host } = new URL(load.origin)
  const lines = Object.entries({
    host,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(load.body)),
    ...load.headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  const request = Buffer.from(
    `POST ${load.path} HTTP/1.1\r\n${lines.join('')}\r\n${load.body}`,
    'utf8',
  )
  const tookMs: number[] = []
  let left = load.requests
  await Promise.all(Array.from({ length: load.connections }, () => work()))
  return tookMs

  async function work(): Promise<void> {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    await once(socket, 'connect')
    const answers = answersOf(socket)
    while (left-- > 0) {
      const begin = performance.now()
      socket.write(request)
      const status = (await answers()).slice('HTTP/1.1 '.length, 'HTTP/1.1 201'.length)
      if (!status.startsWith('2')) throw new Error(`${load.path} answered ${status}`)
      tookMs.push(performance.now() - begin)
    }
    socket.destroy()
  }
}

/** @returns a function that resolves with the next answer, whole */
function answersOf(socket: Socket): () => Promise<string> {
  let text = ''
  let next = nextAnswer()
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
    const head = text.indexOf('\r\n\r\n')
    if (head === -1) return
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0)
    if (text.length < head + 4 + length) return
    next.resolve(text)
    text = ''
  })
  socket.on('error', error => next.reject(error))
  socket.on('close', () => next.reject(new Error('the connection was closed')))
  return async () => {
    const answer = await next.promise
    next = nextAnswer()
    return answer
  }
}

function nextAnswer(): PromiseWithResolvers<string> {
  const next = Promise.withResolvers<string>()
  next.promise.catch(() => {}) // nobody waits for an answer after the last request
  return next
}
