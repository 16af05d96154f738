import { type Instant, instant } from './instant.ts'
import { countFiresOf, fireTimesOf, type Recurrence } from './recurrence.ts'

/** A recurring job as the forecast sees it. */
export interface ForecastJob {
  readonly recurrence: Recurrence
  /** How long its runs have taken so far on average, in milliseconds; absent without a history. */
  readonly meanRunMs?: number
}

/** What to forecast: [from, to), cut into buckets of `bucketMs`, of which the last may be shorter. */
export interface ForecastWindow {
  readonly from: Instant
  readonly to: Instant
  readonly bucketMs: number
}

export interface ForecastBucket {
  readonly from: Instant
  /** How many fire times of all jobs lie in the bucket. */
  readonly fires: number
  /**
   * How many executor slots the runs of the window occupy on average in the bucket, by the mean
   * duration of each job's runs; null when no job has a history. A run counts from the beginning of
   * the bucket in which it fires.
   */
  readonly busySlots: number | null
}

/**
 * How many runs to expect, bucket by bucket.
 *
 * A job costs as much as it has fires or as there are buckets, whichever is less, and that some
 * tenths of a microsecond: 10,000 jobs over seven days take 0.2 s by the hour, 2 s by five minutes.
 * It does not yield meanwhile, so whoever lets others choose the buckets bounds their number.
 *
 * @throws {RangeError} when the window has no length or its buckets have none
 */
export function forecast(jobs: Iterable<ForecastJob>, window: ForecastWindow): ForecastBucket[] {
  const { from, to, bucketMs } = window
  if (!(to > from) || !(bucketMs >= 1))
    throw new RangeError(`a forecast needs from < to and a bucket of 1 ms or more, got ${bucketMs}`)
  const buckets = Math.ceil((to - from) / bucketMs)
  const fires = new Float64Array(buckets)
  const busyMs = new Float64Array(buckets)
  const ofJob = new Float64Array(buckets)
  let anyHistory = false
  for (const job of jobs) {
    ofJob.fill(0)
    countByBucket(job, window, ofJob)
    for (let index = 0; index < buckets; index++) fires[index]! += ofJob[index]!
    if (job.meanRunMs === undefined) continue
    anyHistory = true
    addBusyTime(ofJob, job.meanRunMs, bucketMs, busyMs)
  }
  return Array.from(fires, (count, index) => {
    const start = from + index * bucketMs
    const length = Math.min(bucketMs, to - start)
    return {
      from: instant(start),
      fires: count,
      busySlots: anyHistory ? busyMs[index]! / length : null,
    }
  })
}

function countByBucket(job: ForecastJob, window: ForecastWindow, counts: Float64Array): void {
  const { recurrence } = job
  const { bucketMs } = window
  const from = instant(Math.max(window.from, recurrence.startAt ?? window.from))
  const to = instant(Math.min(window.to, recurrence.endAt ?? window.to))
  if (from >= to) return
  const bucketOf = (at: number) => Math.floor((at - window.from) / bucketMs)
  if (countFiresOf(recurrence, from, to) < counts.length) {
    for (const at of fireTimesOf(recurrence, from, to)) counts[bucketOf(at)]! += 1
    return
  }
  for (let index = bucketOf(from), at: number = from; at < to; index++) {
    const end = Math.min(window.from + (index + 1) * bucketMs, to)
    counts[index] = countFiresOf(recurrence, at, end)
    at = end
  }
}

/** Lays each run over the buckets that it lasts for. */
function addBusyTime(
  fires: Float64Array,
  runMs: number,
  bucketMs: number,
  busyMs: Float64Array,
): void {
  const lasts = Math.min(Math.ceil(runMs / bucketMs), fires.length)
  for (let index = 0; index < fires.length; index++) {
    if (fires[index] === 0) continue
    for (let later = 0; later < lasts && index + later < fires.length; later++)
      busyMs[index + later]! += fires[index]! * Math.min(bucketMs, runMs - later * bucketMs)
  }
}
