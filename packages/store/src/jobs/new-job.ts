import {
  type ExactInstant,
  type Instant,
  type JobId,
  type JobPolicies,
  spreadOffsetMs,
  type Trigger,
  type UserId,
} from '@cronos/domain'

/** A job to be stored: checked, with its first fire time decided. */
export interface NewJob extends JobPolicies {
  readonly jobId: JobId
  readonly owner: UserId
  /** Null for none; not unique. */
  readonly name: string | null
  readonly tags: readonly string[]
  readonly payload: Readonly<Record<string, unknown>>
  readonly trigger: NewTrigger
  /** W3C trace context of the request, for its first run. */
  readonly traceparent?: string | undefined
}

type Recurring = Extract<Trigger, { kind: 'cron' | 'every' }>

/** A trigger; a recurring one with the first fire after `plannedAt`, both by the database's clock. */
export type NewTrigger =
  | Exclude<Trigger, Recurring>
  | (Recurring & {
      readonly plannedAt: Instant
      /** On the grid; the job is due then, or later by the offset of its spread. */
      readonly firstFireAt: Instant
      /** The version of the time zone data that it was planned with; null for an interval. */
      readonly tzdata: string | null
    })

export function isRecurring<T extends Trigger>(trigger: T): trigger is Extract<T, Recurring> {
  return trigger.kind === 'cron' || trigger.kind === 'every'
}

/** The first fire time; null is now, by the clock of the statement that stores the job. */
export function firstFireOf(trigger: NewTrigger): ExactInstant | null {
  if (isRecurring(trigger)) return { at: trigger.firstFireAt, microseconds: 0 }
  return trigger.kind === 'at' ? trigger.runAt : null
}

/** How long after each fire time the job is due, in whole milliseconds. */
export function offsetOf({ jobId, trigger, spreadMs }: NewJob): number {
  return isRecurring(trigger) ? spreadOffsetMs(jobId, spreadMs) : 0
}
