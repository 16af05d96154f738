import { CronosError, Ledger } from '@cronos/contract'
import {
  type FireRange,
  formatInstant,
  type Instant,
  isBalanced,
  type JobId,
  later,
} from '@cronos/domain'
import { type HttpApp, userWith } from '@cronos/runtime'
import { balanceJobs, type JobDetails, type Pool, readNow } from '@cronos/store'
import { Type } from 'typebox'
import type { Jobs } from './jobs.ts'
import { readExactInstant } from './trigger.ts'

const DAY_MS = 86_400_000
/** What is looked at unless told. */
const USUAL_SPAN_MS = 30 * DAY_MS
const LONGEST_SPAN_MS = 366 * DAY_MS
/** A claim of this moment may not have settled what it found yet. */
const GRACE_MS = 10_000
/** Ledgers that are drawn up at once: a long history keeps a connection busy for seconds. */
const AT_ONCE = 2

const JobPath = Type.Object({ jobId: Type.String() })
const LedgerQuery = Type.Object({
  from: Type.Optional(
    Type.String({
      description:
        'The first fire time to look at; 30 days before to unless told, or when a one-time job was asked for',
    }),
  ),
  to: Type.Optional(Type.String({ description: 'The first instant after them; now unless told' })),
})

export interface LedgerRoutesDeps {
  readonly jobs: Jobs
  readonly reads: Pool
}

/** Whether each fire time of a job was settled once. */
export function addLedgerRoutes(app: HttpApp, { jobs, reads }: LedgerRoutesDeps): void {
  const atOnce = atMost(AT_ONCE)

  app.get(
    '/api/v1/jobs/:jobId/ledger',
    {
      config: { access: userWith('jobs.read') },
      schema: {
        tags: ['jobs'],
        summary: 'Compare the fire times of a job, computed anew, with what became of each',
        params: JobPath,
        querystring: LedgerQuery,
        response: { 200: Ledger },
      },
    },
    async request => {
      const job = await jobs.read(request.caller.userId, request.params.jobId)
      const { from, to } = request.query
      const span = readSpan(job, await readNow(reads), from, to)
      return atOnce(() => drawUp(reads, job.jobId, span))
    },
  )
}

interface Span {
  readonly from: Instant
  readonly to: Instant
}

async function drawUp(reads: Pool, jobId: JobId, asked: Span): Promise<Ledger> {
  const tzdata = process.versions['tz'] ?? 'unknown'
  const { from, to, horizon, jobs } = await balanceJobs(reads, [jobId], asked, {
    tzdata,
    graceMs: GRACE_MS,
  })
  const [ledger] = jobs
  if (ledger === undefined)
    throw new CronosError('JOB_NOT_FOUND', `There is no job ${jobId} any more`)
  const { balance, isStalled } = ledger
  return {
    from: formatInstant(from),
    to: formatInstant(to),
    horizon: Number.isFinite(horizon) ? formatInstant(horizon) : null,
    balanced: isBalanced(balance) && !isStalled,
    ...balance,
    gaps: balance.gaps.map(showSpan),
    duplicates: balance.duplicates.map(showSpan),
    unexpected: balance.unexpected.map(showSpan),
    stalled: isStalled,
  }
}

function readSpan(
  { jobType, createdAt }: JobDetails,
  now: Instant,
  from: string | undefined,
  to: string | undefined,
): Span {
  const end = to === undefined ? later(now, 1) : readExactInstant('to', to).at
  const usual = jobType === 'ONE_TIME' ? createdAt : Math.max(createdAt, end - USUAL_SPAN_MS)
  const usualStart = Math.min(usual, end - 1) as Instant
  const start = from === undefined ? usualStart : readExactInstant('from', from).at
  if (start >= end)
    refuse(`to must be after from, got ${formatInstant(start)} and ${formatInstant(end)}`)
  if (jobType === 'RECURRING' && end - start > LONGEST_SPAN_MS)
    refuse('to must be at most 366 days after from')
  return { from: start, to: end }
}

/** Lets only so many through at once, and turns away the others. */
function atMost(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  let underWay = 0
  return async work => {
    if (underWay >= limit)
      throw new CronosError('TOO_BUSY', 'Other ledgers are being drawn up: try again in a moment')
    underWay++
    try {
      return await work()
    } finally {
      underWay--
    }
  }
}

function showSpan({ from, to, count }: FireRange): Ledger['gaps'][number] {
  return { from: formatInstant(from), to: formatInstant(to), count }
}

function refuse(message: string): never {
  throw new CronosError('INVALID_REQUEST', message)
}
