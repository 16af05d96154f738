import { createHash } from 'node:crypto'
import type { RunFollowed } from '@cronos/contract'
import type { ServerEvent } from '@cronos/runtime'
import { type LogPlace, MOST_LINES, type RunTail } from '@cronos/store'
import { textOf } from '../instant-text.ts'
import { toLogLine } from '../log-routes.ts'
import { toAttempt, toProgress, toRunSummary } from '../run-routes.ts'

/** Tells one client what becomes of one run. */
export interface RunFollower {
  /** How far the log was told. */
  readonly after: LogPlace
  /** What is new to the client. */
  take(tail: RunTail): { readonly events: ServerEvent[]; readonly isOver: boolean }
}

/** How far a client has been told, as an event's id says it. */
export interface RunPlace extends LogPlace {
  /** Of the state that it knows. */
  readonly state: string
}

const ID = /^(\d{1,15})\.(\d{1,9})\.([0-9a-f]{8}|-)$/

/** @returns null when the text is no id of a run's events */
export function parseRunPlace(id: string): RunPlace | null {
  const [, fence, line, state] = ID.exec(id) ?? []
  return state === undefined ? null : { fence: Number(fence), line: Number(line), state }
}

/** @param from what the client knows; null for nothing */
export function followRun(from: RunPlace | null): RunFollower {
  let { fence, line, state } = from ?? { fence: 0, line: 0, state: '-' }
  const id = () => `${fence}.${line}.${state}`

  return {
    get after() {
      return { fence, line }
    },
    take(tail) {
      const events: ServerEvent[] = []
      for (const each of tail.lines) {
        fence = each.fence
        line = each.line
        events.push({ event: 'log', id: id(), data: toLogLine(each) })
      }
      const data = toState(tail)
      const now = createHash('sha256').update(JSON.stringify(data)).digest('hex').slice(0, 8)
      const hasMore = tail.lines.length === MOST_LINES
      // The final state comes after the last line.
      const isOver = tail.finishedAt !== null && !hasMore
      if (now !== state && (tail.finishedAt === null || isOver)) {
        state = now
        events.push({ event: 'run', id: id(), data })
      }
      return { events, isOver }
    },
  }
}

function toState(tail: RunTail): RunFollowed {
  const { hold, attempts, progress, status, attempt } = tail
  return {
    ...toRunSummary(tail),
    nextAttemptAt: status === 'PENDING' && attempt > 0 ? textOf(tail.wakeAt) : null,
    hold,
    attempts: attempts.map(toAttempt),
    progress: toProgress(progress),
  }
}
