import { type Instant, instant, type RunKey, type UserId } from '@cronos/domain'
import { type EventStream, type Logger, type StartedService, startLoop } from '@cronos/runtime'
import { isTransient, type Look, lookAt, type Pool, readRunTails } from '@cronos/store'
import { followJobs, type JobFollower, OVERLAP_MS } from './job-follower.ts'
import { followRun, type RunFollower, type RunPlace } from './run-follower.ts'

/** Tells clients what happens, for as long as any are there; asks the database nothing otherwise. */
export interface Live extends StartedService {
  /** @param since what the client was told until; null for nothing */
  followJobs(owner: UserId, since: Instant | null, stream: EventStream): Promise<void>
  followRun(owner: UserId, run: RunKey, from: RunPlace | null, stream: EventStream): Promise<void>
}

export interface LiveConfig {
  /** How often it is looked what has happened, in milliseconds. */
  readonly pollMs: number
}

/** The rest of a loop that nobody listens to, in milliseconds; a new client ends it. */
const IDLE_MS = 600_000
/** A client that was away for longer is told that it has missed something, in milliseconds. */
const LONGEST_ABSENCE_MS = 3_600_000
/** A rest is so many times as long as the look before it: whoever follows slows nobody down. */
const REST_SHARE = 4
/** Runs that are looked at in one statement. */
const SLICE = 200

interface JobClient {
  readonly owner: UserId
  readonly follower: JobFollower
  readonly stream: EventStream
}

interface RunClient {
  readonly owner: UserId
  readonly run: RunKey
  readonly follower: RunFollower
  readonly stream: EventStream
}

export function startLive({ db, log }: { db: Pool; log: Logger }, { pollMs }: LiveConfig): Live {
  const jobClients = new Set<JobClient>()
  const runClients = new Set<RunClient>()
  /** Until when the clients of jobs have been told. */
  let toldUntil: Instant | null = null
  const loop = startLoop({
    ...{ name: 'live', log, isTransient, baseRestMs: pollMs, maxRestMs: 10_000 },
    async turn() {
      const began = performance.now()
      if (jobClients.size > 0) await tellJobs()
      else toldUntil = null
      if (runClients.size > 0) await tellRuns([...runClients])
      if (jobClients.size + runClients.size === 0) return IDLE_MS
      return Math.max(pollMs, REST_SHARE * (performance.now() - began))
    },
  })

  return {
    name: loop.name,
    done: loop.done,
    async followJobs(owner, since, stream) {
      const client: JobClient = { owner, follower: followJobs(owner), stream }
      let missed = false
      const look = await lookAt(db, [owner], now => {
        const from = Math.min(since ?? now, now)
        missed = from < now - LONGEST_ABSENCE_MS
        return instant((missed ? now : from) - OVERLAP_MS)
      })
      stream.send({ event: 'ready', id: String(look.now), data: {} })
      if (missed) stream.send({ event: 'overflow', id: String(look.now), data: {} })
      tell(client, look)
      add(jobClients, client)
    },
    async followRun(owner, run, from, stream) {
      const client: RunClient = { owner, run, follower: followRun(from), stream }
      await tellRuns([client])
      add(runClients, client)
    },
    [Symbol.asyncDispose]: () => loop[Symbol.asyncDispose](),
  }

  function add<Client extends JobClient | RunClient>(clients: Set<Client>, client: Client): void {
    const { ended } = client.stream
    if (ended.aborted) return
    const isFirst = jobClients.size + runClients.size === 0
    clients.add(client)
    ended.addEventListener('abort', () => clients.delete(client), { once: true })
    if (isFirst) loop.wake()
  }

  async function tellJobs(): Promise<void> {
    const owners = [...new Set(Array.from(jobClients, client => client.owner))]
    const clients = [...jobClients]
    const look = await lookAt(db, owners, now => instant((toldUntil ?? now) - OVERLAP_MS))
    toldUntil = look.now
    for (const client of clients) tell(client, look)
  }

  function tell({ follower, stream }: JobClient, look: Look): void {
    for (const event of follower.take(look)) stream.send(event)
  }

  async function tellRuns(clients: readonly RunClient[]): Promise<void> {
    for (let start = 0; start < clients.length; start += SLICE) {
      const slice = clients.slice(start, start + SLICE)
      const tails = await readRunTails(
        db,
        slice.map(({ run, owner, follower }) => ({ run, owner, after: follower.after })),
      )
      for (const [index, { follower, stream }] of slice.entries()) {
        const tail = tails[index] ?? null
        if (tail === null) {
          stream.end('gone')
          continue
        }
        const { events, isOver } = follower.take(tail)
        for (const event of events) stream.send(event)
        if (isOver) stream.end('finished')
      }
    }
  }
}
