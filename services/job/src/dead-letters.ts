import {
  type ChooseLetters,
  CronosError,
  type LettersDone,
  MAX_LETTERS,
  type ReplayLetters,
} from '@cronos/contract'
import {
  type JobId,
  parseJobId,
  parseRunId,
  type RunKey,
  runIdOf,
  type UserId,
} from '@cronos/domain'
import {
  dismissLetters,
  type LetterFilter,
  listLetters,
  type Pool,
  type Replay,
  type Replayed,
  replayLetters,
} from '@cronos/store'
import { quote } from './quote.ts'
import { readSpan } from './span.ts'

export interface DeadLettersDeps {
  readonly db: Pool
  /** For lists and single reads. */
  readonly reads: Pool
  /** Tells the schedulers that a run is due in so many milliseconds. */
  readonly tellWake: (inMs: number) => void
}

type Payload = Readonly<Record<string, unknown>> | null

/** What owners do with their dead letters. */
export interface DeadLetters {
  /** @param requestKey asking again with the same one answers the same run */
  replay(
    owner: UserId,
    runId: string,
    payload: Payload,
    requestKey: string | null,
  ): Promise<RunKey & { readonly jobId: JobId }>
  replayMany(owner: UserId, choice: ReplayLetters, requestKey: string | null): Promise<LettersDone>
  dismiss(owner: UserId, runId: string): Promise<void>
  dismissMany(owner: UserId, choice: ChooseLetters): Promise<LettersDone>
}

/** Dead letters of one transaction at most. */
const SLICE = 200

export function openDeadLetters({ db, reads, tellWake }: DeadLettersDeps): DeadLetters {
  return {
    async replay(owner, runId, payload, requestKey) {
      const key = letterKeyOf(runId)
      const options = { owner, requestedBy: owner, requestKey }
      const [became] = await replayLetters(db, [{ ...key, payload }], options)
      if (became!.kind !== 'replayed') throw refusal(became!)
      tellWake(0)
      return { jobId: key.jobId, scheduledAt: became!.as }
    },

    async replayMany(owner, choice, requestKey) {
      const chosen = await choose(owner, choice)
      const { payload = null } = choice
      const onlyOpen = chosen.isFound
      const options = { owner, requestedBy: owner, requestKey, onlyOpen }
      for (const slice of slicesOf(chosen.keys)) {
        const replays = slice.map((key): Replay => ({ ...key, payload }))
        for (const became of await replayLetters(db, replays, options)) {
          const runId = runIdOf(became.run)
          if (became.kind === 'left alone') continue // as if the filter had come upon it only now
          if (became.kind !== 'replayed') chosen.refuse(runId, refusal(became))
          else {
            const { jobId } = became.run
            chosen.done.push({ runId, replayedAs: runIdOf({ jobId, scheduledAt: became.as }) })
          }
        }
        tellWake(0)
      }
      return chosen.answer()
    },

    async dismiss(owner, runId) {
      const dropped = await dismissLetters(db, owner, [letterKeyOf(runId)])
      if (dropped.length === 0) throw unknownLetter(runId)
    },

    async dismissMany(owner, choice) {
      const chosen = await choose(owner, choice)
      for (const slice of slicesOf(chosen.keys)) {
        const dropped = new Set((await dismissLetters(db, owner, slice)).map(runIdOf))
        for (const runId of slice.map(runIdOf)) {
          if (dropped.has(runId)) chosen.done.push({ runId })
          else chosen.refuse(runId, unknownLetter(runId))
        }
      }
      return chosen.answer()
    },
  }

  /** The dead letters that a request means; what cannot be one is refused already. */
  async function choose(owner: UserId, { runIds, filter, limit }: ChooseLetters) {
    if ((runIds ?? null) === null ? (filter ?? null) === null : (filter ?? null) !== null)
      throw new CronosError('INVALID_REQUEST', 'either runIds or filter must be provided')
    const done: LettersDone['done'] = []
    const notDone: LettersDone['notDone'] = []
    const refuse = (runId: string, { code, message }: CronosError) => {
      notDone.push({ runId, code, message })
    }
    let keys: LetterKey[] = []
    let more = false
    if (runIds) {
      for (const runId of new Set(runIds)) {
        const key = parseRunId(runId)
        if (key === null) refuse(runId, unknownLetter(runId))
        else keys.push({ ...key, jobId: key.jobId })
      }
    } else {
      // What was replayed or dropped before is left alone, so that asking again goes on.
      const open = { ...readFilter(filter ?? {}), replayed: false, dismissed: false }
      const most = limit ?? MAX_LETTERS
      keys = await listLetters(reads, owner, open, { after: null, limit: most + 1 })
      more = keys.length > most
      keys = keys.slice(0, most)
    }
    return {
      keys,
      isFound: !runIds,
      done,
      refuse,
      answer: (): LettersDone => ({ done, notDone, more }),
    }
  }
}

type LetterKey = RunKey & { readonly jobId: JobId }

/** @throws {CronosError} INVALID_REQUEST when a field does not parse */
export function readFilter(
  fields: Readonly<Partial<Record<'jobId' | 'task' | 'from' | 'to' | 'error', string>>>,
): Omit<LetterFilter, 'replayed' | 'dismissed'> {
  const { jobId, task = null, from, to, error = null } = fields
  const job = jobId === undefined ? null : parseJobId(jobId)
  if (jobId !== undefined && job === null)
    throw new CronosError('INVALID_REQUEST', `jobId must be a job’s id, got ${quote(jobId)}`)
  return { jobId: job, task, error, ...readSpan({ from, to }) }
}

/** @throws {CronosError} DEAD_LETTER_NOT_FOUND when the text is no run id */
export function letterKeyOf(runId: string): LetterKey {
  const key = parseRunId(runId)
  if (key === null) throw unknownLetter(runId)
  return key
}

export function unknownLetter(runId: string): CronosError {
  return new CronosError('DEAD_LETTER_NOT_FOUND', `There is no dead letter ${quote(runId)}`)
}

function refusal({ kind, run }: Replayed): CronosError {
  return kind === 'cancelled'
    ? new CronosError('INVALID_REQUEST', 'A run cannot be replayed in job status CANCELLED')
    : unknownLetter(runIdOf(run))
}

function slicesOf<Item>(items: readonly Item[]): Item[][] {
  const count = Math.ceil(items.length / SLICE)
  return Array.from({ length: count }, (_, n) => items.slice(n * SLICE, (n + 1) * SLICE))
}
