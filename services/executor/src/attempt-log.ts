import { type Instant, instant } from '@cronos/domain'
import type { LogLevel, LogLine, Progress } from '@cronos/store'
import { storable } from './record.ts'
import type { TaskLog, TaskProgress } from './task.ts'

/** Lines of one attempt that are kept at most; one more says how many were not. */
const MAX_LINES = 1_000
/** Characters of one attempt's lines that are kept at most, fields included. */
const MAX_CHARACTERS = 262_144
/** Longer messages are cut, in characters. */
const MAX_MESSAGE = 10_000
/** Longer fields are left out, in characters of their JSON. */
const MAX_FIELDS = 10_000
/** Longer texts of a progress are cut, in characters. */
const MAX_NOTE = 500

/** What one attempt tells, until it is written. */
export interface AttemptLog {
  readonly log: TaskLog
  readonly progress: (progress: number | TaskProgress) => void
  /** Whether there is something to take. */
  readonly hasNews: boolean
  /** Takes out what has been told since the last time; null when that is nothing. */
  take(): { readonly lines: LogLine[]; readonly progress: Progress | null } | null
  /** Puts back what could not be written: it comes before what has been told since. */
  putBack(told: { readonly lines: readonly LogLine[]; readonly progress: Progress | null }): void
  /** From now on nothing is heard. What was dropped is said in a last line. */
  close(): void
}

/**
 * @param now the database's clock, as well as this process knows it
 * @param news is called when there is something to take
 */
export function openAttemptLog(now: () => Instant, news: () => void): AttemptLog {
  let lines: LogLine[] = []
  let latest: Progress | null = null
  let line = 0
  let characters = 0
  let dropped = 0
  let closed = false

  return {
    log: {
      debug: (message, fields) => add('DEBUG', message, fields),
      info: (message, fields) => add('INFO', message, fields),
      warn: (message, fields) => add('WARN', message, fields),
      error: (message, fields) => add('ERROR', message, fields),
    },
    progress(told) {
      const progress = readProgress(told)
      if (closed || progress === null) return
      latest = progress
      news()
    },
    get hasNews() {
      return lines.length > 0 || latest !== null
    },
    take() {
      if (lines.length === 0 && latest === null) return null
      const told = { lines, progress: latest }
      lines = []
      latest = null
      return told
    },
    putBack(told) {
      lines = [...told.lines, ...lines]
      latest ??= told.progress
    },
    close() {
      closed = true
      if (dropped === 0) return
      const message = `${dropped} more lines were dropped: an attempt keeps ${MAX_LINES} lines and ${MAX_CHARACTERS} characters`
      lines.push({ line: ++line, at: now(), level: 'WARN', message, fields: null })
    },
  }

  function add(level: LogLevel, text: unknown, given: unknown): void {
    if (closed) return
    if (line >= MAX_LINES || characters >= MAX_CHARACTERS) {
      dropped++
      return
    }
    const message = storable(textOf(text).slice(0, MAX_MESSAGE))
    const fields = readFields(given)
    const size = message.length + (fields === null ? 0 : JSON.stringify(fields).length)
    if (characters + size > MAX_CHARACTERS) {
      characters = MAX_CHARACTERS // what comes later is dropped too: no gap is hidden
      dropped++
      return
    }
    characters += size
    lines.push({ line: ++line, at: now(), level, message, fields })
    news()
  }
}

/**
 * The database's clock from an instant that it told on, by a clock that never goes back.
 *
 * @param heardMs when it was told, on that clock
 */
export function clockFrom(told: Instant, heardMs = performance.now()): () => Instant {
  return () => instant(Math.floor(told + performance.now() - heardMs))
}

function textOf(value: unknown): string {
  try {
    return String(value)
  } catch {
    return 'a message that is no text' // an object without a prototype, or a toString that throws
  }
}

/** The part of the fields that is JSON, in text that the database can store. */
function readFields(given: unknown): Record<string, unknown> | null {
  if (given === undefined || given === null) return null
  try {
    const text = JSON.stringify(given, (_, value: unknown) =>
      typeof value === 'string'
        ? storable(value)
        : value instanceof Error
          ? { ...named(value) }
          : value,
    )
    if (text === undefined) return null
    if (text.length > MAX_FIELDS) return { leftOut: `fields of ${text.length} characters` }
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? keysStorable(value as Record<string, unknown>) : { value }
  } catch (error) {
    return { leftOut: `fields that are no JSON: ${storable(textOf(error)).slice(0, 200)}` }
  }
}

function named({ name, message }: Error): object {
  return { name: storable(name), message: storable(message) }
}

/** PostgreSQL refuses a NUL in a key too; a nested one makes the whole unreadable, and is rare. */
function keysStorable(fields: Record<string, unknown>): Record<string, unknown> {
  const text = JSON.stringify(fields)
  return text === storable(text) && !text.includes('\\u0000')
    ? fields
    : { leftOut: 'fields with keys that cannot be stored' }
}

function readProgress(told: number | TaskProgress): Progress | null {
  if (typeof told === 'number')
    return Number.isFinite(told)
      ? { fraction: between0And1(told), done: null, total: null, message: null }
      : null
  const done = finite(told?.done)
  const total = finite(told?.total)
  const message =
    typeof told?.message === 'string' ? storable(told.message.slice(0, MAX_NOTE)) : null
  if (done === null && message === null) return null
  const fraction = done !== null && total !== null && total > 0 ? between0And1(done / total) : null
  return { fraction, done, total, message }
}

function finite(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

function between0And1(value: number): number {
  return Math.min(1, Math.max(0, value))
}
