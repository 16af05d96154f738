import {
  type ExecutionMode,
  formatInstant,
  type Instant,
  type JobType,
  priorities,
  springDst,
} from '@cronos/domain'
import { isRecurring, type NewJob, type NewTrigger } from './new-job.ts'

/** Jobs that differ only in id, name, payload and first fire time. */
export interface Kind {
  /** What they have in common: an object in JSON whose keys are columns. */
  readonly common: string
  /** In the order in which they were given. */
  readonly jobs: readonly NewJob[]
}

/** Sorts jobs by what they have in common. */
export function kindsOf(jobs: readonly NewJob[]): Kind[] {
  const kinds = new Map<string, { common: string; jobs: NewJob[] }>()
  let last: { columns: Common; jobs: NewJob[] } | null = null
  for (const job of jobs) {
    const columns = commonOf(job)
    if (last === null || !isSame(columns, last.columns)) {
      const common = JSON.stringify(columns)
      const kind = kinds.get(common) ?? { common, jobs: [] }
      kinds.set(common, kind)
      last = { columns, jobs: kind.jobs }
    }
    last.jobs.push(job)
  }
  return [...kinds.values()]
}

type Common = Readonly<Record<string, unknown>>

/** All have the same keys. Lists are the same only where they are one: then they are compared as text. */
function isSame(one: Common, other: Common): boolean {
  for (const key in one) if (one[key] !== other[key]) return false
  return true
}

function commonOf(job: NewJob): Common {
  return {
    ...triggerColumns(job.trigger),
    owner: job.owner,
    tags: job.tags.length === 0 ? NO_TAGS : job.tags,
    priority: priorities.indexOf(job.priority),
    max_attempts: job.maxAttempts,
    timeout_ms: job.timeoutMs,
    expire_after_ms: job.expireAfterMs,
    backoff: job.backoff,
    backoff_base_ms: job.backoffBaseMs,
    backoff_cap_ms: job.backoffCapMs,
    backoff_jitter: job.backoffJitter,
    overlap: job.overlap,
    misfire: job.misfire,
    catch_up_limit: job.catchUpLimit,
    spread_ms: job.spreadMs,
    on_lost: job.onLost,
    pause_after_failures: job.pauseAfterFailures,
  }
}

const NO_TAGS: readonly string[] = []

function triggerColumns(trigger: NewTrigger): Common {
  const dst = trigger.kind === 'cron' ? trigger.dst : springDst
  const recurring = isRecurring(trigger) ? trigger : null
  return {
    job_type: (recurring === null ? 'ONE_TIME' : 'RECURRING') satisfies JobType,
    execution_mode: modeOf(trigger),
    cron_expression: trigger.kind === 'cron' ? trigger.expression : null,
    time_zone: trigger.kind === 'cron' ? trigger.timeZone : 'UTC',
    dst_gap: dst.gap,
    dst_overlap: dst.overlap,
    every_ms: trigger.kind === 'every' ? trigger.everyMs : null,
    anchor_at: trigger.kind === 'every' ? formatInstant(trigger.anchorAt) : null,
    start_at: textOf(recurring?.startAt ?? null),
    end_at: textOf(recurring?.endAt ?? null),
    planned_at: textOf(recurring?.plannedAt ?? null),
    tzdata: recurring?.tzdata ?? null,
  }
}

function modeOf(trigger: NewTrigger): ExecutionMode | null {
  if (isRecurring(trigger)) return null
  return trigger.kind === 'at' ? 'SCHEDULED' : 'IMMEDIATE'
}

function textOf(at: Instant | null): string | null {
  return at === null ? null : formatInstant(at)
}
