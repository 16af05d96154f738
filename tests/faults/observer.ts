import { setTimeout as sleep } from 'node:timers/promises'
import { isTransient, type Pool } from '@cronos/store'
import type { Overdue, RunRecord } from './checker/history.ts'
import { readFinished, readOverdue } from './records.ts'

/** Looks into the database each second, while it is there. */
export interface Observer {
  readonly seen: readonly RunRecord[]
  readonly overdue: readonly Overdue[]
  stop(): Promise<void>
}

const LOOK_MS = 1_000
/** What is overdue by less is not noted. */
const OVERDUE_MS = 1_000

export function startObserver(db: Pool): Observer {
  const stopping = new AbortController()
  const seen: RunRecord[] = []
  const overdue: Overdue[] = []
  const since = { at: 0 }
  const done = look()
  return {
    ...{ seen, overdue },
    async stop() {
      stopping.abort()
      await done
    },
  }

  async function look(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        seen.push(...(await readFinished(db, since)))
        overdue.push(...(await readOverdue(db, OVERDUE_MS)))
      } catch (error) {
        if (!isTransient(error)) throw error // else the database is away, on purpose
      }
      await sleep(LOOK_MS, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }
}
