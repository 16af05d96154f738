import type { RecordedError } from '@cronos/store'
import { PermanentError } from './task.ts'

/** What is kept of a stack, in characters. */
const MAX_STACK = 8_000
/** What an output may come to as JSON, in characters: 64 KiB of an answer, each byte escaped. */
const MAX_OUTPUT = 450_000
const MAX_CAUSES = 5
/** Where Cronos lies on this machine: of no interest to whoever reads a stack. */
const ROOT = new URL('../../../', import.meta.url).href

/** What is kept of whatever a task threw. */
export function recordError(error: unknown, depth = 0): RecordedError {
  if (!(error instanceof Error)) return { message: storable(String(error)) }
  const { name, message, stack, cause } = error
  return {
    name: storable(name),
    message: storable(message || name),
    ...(stack === undefined ? {} : { stack: recordStack(stack) }),
    ...(cause === undefined || depth >= MAX_CAUSES ? {} : { cause: recordError(cause, depth + 1) }),
  }
}

/** Files of Cronos are told from its root on. */
function recordStack(stack: string): string {
  return storable(stack.replaceAll(ROOT, '').slice(0, MAX_STACK))
}

/**
 * What is kept of a task's answer: the part of it that is JSON, in text that the database can store.
 *
 * @throws {PermanentError} when there is more than can be kept, or it is no JSON
 */
export function readOutput(output: object | undefined): object | null {
  if (output === undefined) return null
  let text: string | undefined
  try {
    text = JSON.stringify(output, (_, value: unknown) =>
      typeof value === 'string' ? storable(value) : value,
    )
  } catch (cause) {
    throw new PermanentError('the output of the task must be JSON', { cause })
  }
  if (text === undefined) return null
  if (text.length > MAX_OUTPUT)
    throw new PermanentError(
      `the output of the task must have at most ${MAX_OUTPUT} characters, got ${text.length}`,
    )
  return JSON.parse(text) as object
}

/** PostgreSQL stores neither NUL characters nor half surrogate pairs. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}
