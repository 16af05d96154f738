import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type ForecastBucket,
  type ForecastWindow,
  forecast,
  recurrenceOf,
  type UserId,
} from '@cronos/domain'
import { countOneTimeJobs, type Pool, type RecurringJob, readRecurringJobs } from '@cronos/store'

/** Jobs that are computed before other requests get their turn. */
const SLICE = 100

/** What to expect of an owner's jobs. */
export interface OwnersForecast {
  readonly recurringJobs: number
  readonly buckets: readonly ForecastBucket[]
}

/** Computes in slices, so that an owner with many jobs does not hold up the others' requests. */
export async function forecastFor(
  db: Pool,
  owner: UserId,
  window: ForecastWindow,
): Promise<OwnersForecast> {
  const jobs = await readRecurringJobs(db, owner)
  const buckets = forecast([], window).map(bucket => ({ ...bucket }))
  for (let first = 0; first < jobs.length; first += SLICE) {
    const slice = forecast(jobs.slice(first, first + SLICE).map(toForecastJob), window)
    for (const [index, { fires, busySlots }] of slice.entries()) {
      const bucket = buckets[index]!
      bucket.fires += fires
      if (busySlots !== null) bucket.busySlots = (bucket.busySlots ?? 0) + busySlots
    }
    await nextTurn()
  }
  for (const { bucket, count } of await countOneTimeJobs(db, owner, window))
    buckets[bucket]!.fires += count
  return { recurringJobs: jobs.length, buckets }
}

function toForecastJob(job: RecurringJob) {
  const { meanRunMs } = job
  return { recurrence: recurrenceOf(job), ...(meanRunMs === null ? {} : { meanRunMs }) }
}
