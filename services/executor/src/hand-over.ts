import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivery } from '@cronos/bus'
import type { Logger } from '@cronos/runtime'
import { type FencedKey, isTransient, type Pool, readSpareSlots, releaseRuns } from '@cronos/store'
import type { ExecutorConfig } from './config.ts'
import type { Intake } from './intake.ts'

/** Gives events that wait here for a slot to executors that have free ones. */
export interface HandOver {
  /** Something waits, and no slot is free. */
  consider(): void
  /** A slot became free. */
  ended(): void
  /** Gives nothing away any more; resolves when nothing is on its way. */
  stop(): Promise<void>
}

export interface HandOverDeps {
  /** Names this process among all executors. */
  readonly id: string
  readonly db: Pool
  readonly log: Logger
  readonly intake: Pick<Intake, 'size' | 'takeLast' | 'putBack'>
  /** Tells the schedulers that a run is due in so many milliseconds. */
  readonly tellWake: (inMs: number) => void
  /** Is told what broke it. */
  readonly broken: (error: unknown) => void
}

/** How long events wait before somebody is looked for who could take them, in milliseconds. */
const SHORTEST_LOOK_MS = 50
/** After a look that found nobody the next one waits twice as long. */
const LONGEST_LOOK_MS = 250
/** What is begun here within this time, as things go, stays. */
const SOON_MS = 300
/** Heartbeats after which an executor's free slots are not believed in. */
const HEARTBEATS_TO_LIVE = 2
/**
 * An event that nobody began at so many places stays where it is: somebody may have free slots and
 * get no events, being one more than there are partitions.
 */
const MOST_MOVES = 2

/**
 * A bus that deals events out by their keys does so unevenly: of three partitions one of two
 * executors has two. Where that has no slot free and another one has, waiting events go back to the
 * queue, uncounted, and their next dispatch goes to the partition beside.
 */
export function openHandOver(deps: HandOverDeps, config: ExecutorConfig): HandOver {
  const { id, db, log, intake, tellWake, broken } = deps
  const stopping = new AbortController()
  const { signal } = stopping
  let isLooking = false
  let looking = Promise.resolve()
  let endedSince = 0

  return {
    consider() {
      if (isLooking || signal.aborted) return
      isLooking = true
      looking = keepLooking().catch(broken)
    },
    ended() {
      endedSince++
    },
    async stop() {
      stopping.abort()
      await looking
    },
  }

  async function keepLooking(): Promise<void> {
    let lookMs = SHORTEST_LOOK_MS
    while (intake.size > 0) {
      endedSince = 0
      await sleep(lookMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) break
      const surplus = intake.size - Math.ceil((endedSince * SOON_MS) / lookMs)
      const isGiven = surplus > 0 && (await giveAway(surplus))
      lookMs = isGiven ? SHORTEST_LOOK_MS : Math.min(lookMs * 2, LONGEST_LOOK_MS)
    }
    isLooking = false
  }

  async function giveAway(surplus: number): Promise<boolean> {
    let given: Delivery[] = []
    try {
      const aliveMs = config.heartbeatMs * HEARTBEATS_TO_LIVE
      const spare = await readSpareSlots(db, { besides: id, aliveMs, leaseMs: config.leaseMs })
      given = intake.takeLast(Math.min(surplus, spare), mayMove)
      if (given.length === 0) return false
      await releaseRuns(db, given.map(keyOf), 0)
      for (const delivery of given) delivery.settle()
      tellWake(0)
      log.debug({ runs: given.length }, 'runs that waited for a slot go to other executors')
      return true
    } catch (error) {
      intake.putBack(given)
      if (!isTransient(error)) throw error
      log.debug({ err: error }, 'runs that wait for a slot stay')
      return false
    }
  }
}

/** Of an event without a fence it is not known where it has been. */
function mayMove({ event: { fence, attempt } }: Delivery): boolean {
  return fence !== null && fence - attempt < MOST_MOVES
}

function keyOf({ event }: Delivery): FencedKey {
  return event as typeof event & FencedKey // those that may move have a fence
}
