import { CronosError, CronPreview, Forecast, PreviewCron } from '@cronos/contract'
import {
  formatInstant,
  type Instant,
  isWritable,
  later,
  latestInstant,
  parseIsoDuration,
  previewCron,
} from '@cronos/domain'
import { duration, type HttpApp, userWith } from '@cronos/runtime'
import { type Pool, readNow } from '@cronos/store'
import { Type } from 'typebox'
import { forecastFor } from './forecast.ts'
import { quote } from './quote.ts'
import { readCron, readDst, readExactInstant, readZone } from './trigger.ts'

const PREVIEWED_FIRES = 10
const DAY_MS = 86_400_000
/** A forecast goes no further and is cut no finer than this. */
const LONGEST_FORECAST_MS = 366 * DAY_MS
const MAX_BUCKETS = 2_000

const SHORTEST_BUCKET_MS = 1_000

const bucketDuration = duration({ minMs: SHORTEST_BUCKET_MS, maxMs: LONGEST_FORECAST_MS })
const ForecastQuery = Type.Object({
  from: Type.Optional(Type.String({ description: 'Now unless told' })),
  to: Type.Optional(Type.String({ description: 'A day after from unless told' })),
  bucket: Type.String({ default: '1h', description: 'Such as 30s, 15m, 1h or 1d, or PT15M' }),
})

/** What cron expressions mean, and what is to be expected of an owner's jobs. */
export function addCronRoutes(app: HttpApp, { reads }: { reads: Pool }): void {
  app.post(
    '/api/v1/cron/preview',
    {
      config: { access: userWith('jobs.read') },
      schema: {
        tags: ['cron'],
        summary: 'Tell a cron expression in words, with its next fire times and what may surprise',
        body: PreviewCron,
        response: { 200: CronPreview },
      },
    },
    async request => {
      const { cronExpression, timeZone, after = null } = request.body
      const count = request.body.count ?? PREVIEWED_FIRES
      const cron = readCron(cronExpression)
      const zone = readZone(timeZone)
      const dst = readDst(request.body.dst)
      const start = after === null ? await readNow(reads) : readExactInstant('after', after).at
      const preview = previewCron(cron, zone, start, count, dst)
      return {
        cronExpression: preview.normalised,
        words: preview.words,
        timeZone: zone.id,
        tzdata: process.versions['tz'] ?? 'unknown',
        fires: preview.fires.map(({ at, local, dst: mark }) => ({
          ...{ at: at === null ? null : formatInstant(at), local },
          ...(mark === undefined ? {} : { dst: mark }),
        })),
        warnings: [...preview.warnings],
      }
    },
  )

  app.get(
    '/api/v1/forecast',
    {
      config: { access: userWith('jobs.read') },
      schema: {
        tags: ['cron'],
        summary: 'Count the fires to expect of your jobs, bucket by bucket',
        querystring: ForecastQuery,
        response: { 200: Forecast },
      },
    },
    async request => {
      const { from, to, bucket } = request.query
      const window = readWindow(await readNow(reads), from, to, bucket)
      const { recurringJobs, buckets } = await forecastFor(reads, request.caller.userId, window)
      return {
        ...{ from: formatInstant(window.from), to: formatInstant(window.to), bucket },
        jobs: recurringJobs,
        buckets: buckets.map(each => ({ ...each, from: formatInstant(each.from) })),
      }
    },
  )
}

function readWindow(
  now: Instant,
  from: string | undefined,
  to: string | undefined,
  bucket: string,
) {
  const start = from === undefined ? now : readExactInstant('from', from).at
  const end = to === undefined ? dayAfter(start) : readExactInstant('to', to).at
  const bucketMs = bucketDuration.read(bucket) ?? parseIsoDuration(bucket)
  if (bucketMs === null || bucketMs < SHORTEST_BUCKET_MS)
    refuse(`bucket must be ${bucketDuration.expects}, or such as PT15M, got ${quote(bucket)}`)
  if (end <= start)
    refuse(`to must be after from, got ${formatInstant(start)} and ${formatInstant(end)}`)
  if (end - start > LONGEST_FORECAST_MS) refuse('to must be at most 366 days after from')
  if ((end - start) / bucketMs > MAX_BUCKETS)
    refuse(
      `bucket must cut the time from from to to into at most ${MAX_BUCKETS} parts, got ${bucket}`,
    )
  return { from: start, to: end, bucketMs }
}

function dayAfter(at: Instant): Instant {
  const end = later(at, DAY_MS)
  return isWritable(end) ? end : latestInstant
}

function refuse(message: string): never {
  throw new CronosError('INVALID_REQUEST', message)
}
