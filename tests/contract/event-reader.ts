import type { JobApi } from './job-api.ts'

export interface ReadEvent {
  readonly event: string
  readonly id: string | null
  // biome-ignore lint/suspicious/noExplicitAny: what a client sees of an event has no type
  readonly data: any
}

/** A client of a stream of events. Disposing of it closes its connection. */
export interface EventReader extends Disposable {
  readonly response: Response
  /** The next event; null when the stream has ended. */
  next(): Promise<ReadEvent | null>
  /** The next event of this kind; others are passed over. */
  until(event: string, fits?: (data: ReadEvent['data']) => boolean): Promise<ReadEvent>
  /** All events until the stream ends. */
  rest(): Promise<ReadEvent[]>
}

export interface FollowOptions {
  readonly as?: string
  readonly lastEventId?: string
  /** Of the token. */
  readonly lifetimeMs?: number
}

export async function follow(
  { root, tokenOf }: Pick<JobApi, 'root' | 'tokenOf'>,
  path: string,
  { as = 'alice', lastEventId, lifetimeMs }: FollowOptions = {},
): Promise<EventReader> {
  const close = new AbortController()
  const response = await fetch(root + path, {
    signal: close.signal,
    headers: {
      authorization: `Bearer ${tokenOf(as, lifetimeMs)}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
  })
  const events = readEvents(response)
  const next = async () => (await events.next()).value ?? null
  return {
    response,
    next,
    async until(event, fits = () => true) {
      for (let read = await next(); read !== null; read = await next())
        if (read.event === event && fits(read.data)) return read
      throw new Error(`the stream ended without ${event}`)
    },
    rest: () => Array.fromAsync(events),
    [Symbol.dispose]: () => close.abort(),
  }
}

async function* readEvents(response: Response): AsyncGenerator<ReadEvent, undefined> {
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const blocks = text.split('\n\n')
    text = blocks.pop()!
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? null
      const event = field('event')
      if (event !== null) yield { event, id: field('id'), data: JSON.parse(field('data')!) }
    }
  }
  return undefined
}
