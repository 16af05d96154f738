import type { DstPolicy } from './cron/cron.ts'
import type { ExactInstant, Instant } from './instant.ts'
import type { FireWindow } from './recurrence.ts'

export const jobTypes = ['ONE_TIME', 'RECURRING'] as const
export type JobType = (typeof jobTypes)[number]

export const executionModes = ['IMMEDIATE', 'SCHEDULED'] as const
export type ExecutionMode = (typeof executionModes)[number]

/** What a job's owner sees: derived from the job's state and its runs. */
export const jobStatuses = [
  'SCHEDULED',
  'RUNNING',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'PAUSED',
] as const
export type JobStatus = (typeof jobStatuses)[number]

/** When a job is due. */
export type Trigger =
  | { readonly kind: 'immediate' }
  | { readonly kind: 'at'; readonly runAt: ExactInstant }
  | ({
      readonly kind: 'cron'
      readonly expression: string
      /** An IANA zone, as `loadZone` names it. */
      readonly timeZone: string
      readonly dst: DstPolicy
    } & FireWindow)
  | ({
      readonly kind: 'every'
      /** Milliseconds, 1,000 or more. */
      readonly everyMs: number
      /** The first fire time, where the window lets it be. */
      readonly anchorAt: Instant
    } & FireWindow)

/** From the most urgent to the least: what the column `priority` counts from 0. */
export const priorities = ['CRITICAL', 'HIGH', 'NORMAL', 'LOW'] as const
export type Priority = (typeof priorities)[number]
