import { randomBytes } from 'node:crypto'
import {
  defaultPolicies,
  type Instant,
  instant,
  jobIdOf,
  springDst,
  type UserId,
  uuidSource,
} from '@cronos/domain'
import { type Db, type NewJob, readNow, sql } from '@cronos/store'

const nextUuid = uuidSource()

/** A job as a test needs it: one that sends a mail at once, but for what is given. */
export function aJob(given: Partial<NewJob> = {}): NewJob {
  return {
    jobId: jobIdOf(nextUuid(Date.now(), randomBytes(8))),
    owner: 'alice' as UserId,
    payload: { task: 'send_email', template: 'hello' },
    trigger: { kind: 'immediate' },
    name: null,
    tags: [],
    ...defaultPolicies,
    ...given,
  }
}

/** A trigger for an instant so many milliseconds after the epoch. */
export function atInstant(ms: number): NewJob['trigger'] {
  return { kind: 'at', runAt: { at: instant(ms), microseconds: 0 } }
}

/** A cron trigger whose first fire is given. */
export function byCron(expression: string, firstFireAt: Instant): NewJob['trigger'] {
  return {
    kind: 'cron',
    expression,
    timeZone: 'UTC',
    dst: springDst,
    startAt: null,
    endAt: null,
    tzdata: 'test',
    plannedAt: instant(firstFireAt - 1),
    firstFireAt,
  }
}

/** The database's clock, moved by so many milliseconds: what is due is decided by it. */
export async function fromNow(db: Db, ms: number): Promise<Instant> {
  return instant((await readNow(db)) + ms)
}

/** Lets all leases and waits of unfinished runs end now: time is not waited for, rows are moved. */
export async function passTime(db: Db): Promise<void> {
  await db.query(sql`update runs_live set wake_at = now() where wake_at is not null`)
}

/** An interval trigger whose first fire is given. */
export function byInterval(everyMs: number, firstFireAt: Instant): NewJob['trigger'] {
  return {
    ...{ kind: 'every', everyMs, anchorAt: firstFireAt, startAt: null, endAt: null },
    ...{ tzdata: null, plannedAt: instant(firstFireAt - 1), firstFireAt },
  }
}
