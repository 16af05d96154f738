import { CronosError } from '@cronos/contract'
import { type Instant, instant, isWritable, type JobId, parseJobId, uuidOf } from '@cronos/domain'
import { quote } from './quote.ts'

/** What a cursor leads through; one of one list is none of another. */
export type CursorKind = 'jobs' | 'runs'

/** A place in a list that is ordered by time and then by job. */
export interface Place {
  readonly at: Instant
  readonly jobId: JobId
}

/** A place as clients see it: text that means nothing to them. */
export function writeCursor(kind: CursorKind, { at, jobId }: Place): string {
  return Buffer.from(`${kind}:${at}:${uuidOf(jobId)}`).toString('base64url')
}

/** @throws {CronosError} when the text is no cursor of this kind */
export function readCursor(kind: CursorKind, text: string | undefined): Place | null {
  if (text === undefined) return null
  const [of, ms = '', uuid = ''] = Buffer.from(text, 'base64url').toString('latin1').split(':')
  const jobId = parseJobId(`job_${uuid}`)
  if (of === kind && /^-?\d{1,16}$/.test(ms) && isWritable(Number(ms)) && jobId !== null) {
    const place = { at: instant(Number(ms)), jobId }
    if (writeCursor(kind, place) === text) return place
  }
  const message = `cursor must be the next of an earlier answer, got ${quote(text)}`
  throw new CronosError('INVALID_REQUEST', message)
}
