import { setTimeout as sleep } from 'node:timers/promises'
import { coalesce, type Logger } from '@cronos/runtime'
import { isTransient, nameOf, type Pool, type Started, type Told, writeTold } from '@cronos/store'
import { type AttemptLog, clockFrom, openAttemptLog } from './attempt-log.ts'

/** Writes what attempts tell, beside them: no task waits for it, and none fails by it. */
export interface LogWriter {
  /**
   * What an attempt tells with. Costs nothing until it tells something.
   *
   * @param startedMs when the database told of the attempt's start, on the process's clock; now
   *   unless told
   */
  open(run: Started, startedMs?: number): WrittenLog
}

export interface WrittenLog extends Pick<AttemptLog, 'log' | 'progress'> {
  /**
   * Hears nothing more, and resolves when what was told is written, or cannot be in time. It never
   * rejects: a log that is lost must not cost the attempt.
   */
  end(): Promise<void>
}

/** What is told within this time is written together; a run's progress no more often. */
const GATHER_MS = 500
/** What the end of an attempt waits for its last lines, in milliseconds. */
const END_WAIT_MS = 2_000
/** Attempts of one write at most. */
const MAX_BATCH = 50

interface Open {
  readonly run: Started
  readonly told: AttemptLog
}

export function openLogWriter({ db, log }: { db: Pool; log: Logger }): LogWriter {
  const writes = coalesce(writeBatch, MAX_BATCH, error => !isTransient(error))

  return {
    open(run, startedMs) {
      let timer: NodeJS.Timeout | undefined
      let writing: Promise<boolean> = Promise.resolve(true)
      let ended = false
      const told = openAttemptLog(clockFrom(run.startedAt, startedMs), () => {
        timer ??= setTimeout(gathered, GATHER_MS)
      })
      const each = { run, told }
      return {
        log: told.log,
        progress: told.progress,
        async end() {
          ended = true
          clearTimeout(timer)
          told.close()
          if (timer === undefined && !told.hasNews) return // the usual run: it told nothing
          const late = new AbortController()
          const wait = sleep(END_WAIT_MS, undefined, { signal: late.signal }).catch(() => {})
          await Promise.race([writing.then(() => write(each)), wait])
          late.abort()
        },
      }

      function gathered(): void {
        writing = write(each)
        void writing.then(written => {
          timer = undefined
          // What was told meanwhile, or could not be written, has its own turn.
          if (!ended && (!written || told.hasNews)) timer = setTimeout(gathered, GATHER_MS)
        })
      }
    },
  }

  /** @returns whether nothing is left to be tried again */
  async function write(each: Open): Promise<boolean> {
    if (!each.told.hasNews) return true
    try {
      await writes.add(each)
      return true
    } catch (error) {
      const { jobId, fence } = each.run
      log.warn({ err: error, jobId, fence }, 'what a task told was not written')
      return !isTransient(error)
    }
  }

  async function writeBatch(batch: readonly Open[]): Promise<boolean[]> {
    const taken = batch.map(each => ({ ...each, news: each.told.take() }))
    const told = taken.flatMap(({ run, news }): Told[] => {
      const { jobId, scheduledAt, fence } = run
      return news === null ? [] : [{ jobId, scheduledAt, fence, ...news }]
    })
    if (told.length === 0) return batch.map(() => true)
    try {
      const held = new Set((await writeTold(db, told)).map(nameOf))
      return batch.map(({ run }) => held.has(nameOf(run)))
    } catch (error) {
      // One line that cannot be stored takes no other attempt's with it: each is tried alone.
      const again = isTransient(error) || batch.length > 1
      if (again) for (const { told: log, news } of taken) if (news !== null) log.putBack(news)
      throw error
    }
  }
}
