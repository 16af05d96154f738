import {
  type Cron,
  countFires,
  type DstPolicy,
  type Instant,
  loadZone,
  nextFire,
  parseCron,
  springDst,
  type Zone,
} from '@cronos/domain'
import type { Claimed, NextFire, SkippedSpan } from '@cronos/store'

/** What a claim's recurring jobs do next. */
export interface Planned {
  readonly fires: NextFire[]
  /** Fire times that have passed unserved and that the claimed run stands for. */
  readonly skipped: SkippedSpan[]
  /** Jobs that never fire again. */
  readonly ended: Claimed[]
}

/**
 * The next fire of each recurring job whose fire was claimed for the first time: the next instant of
 * its cron after now, on its grid. Fire times between the claimed one and now were missed while
 * nobody served them; the claimed run stands for them.
 */
export function planNextFires(claimed: readonly Claimed[]): Planned {
  const planned: Planned = { fires: [], skipped: [], ended: [] }
  for (const run of claimed) {
    if (run.cronExpression === null || run.timeZone === null) continue
    const trigger = readTrigger(run.cronExpression, run.timeZone)
    const dst = { gap: run.dstGap ?? springDst.gap, overlap: run.dstOverlap ?? springDst.overlap }
    const next = nextFire(trigger.cron, trigger.zone, run.scheduledAt, dst)
    if (next === null) {
      planned.ended.push(run)
      continue
    }
    const nextAt = next > run.now ? next : skipTo(run, { ...trigger, dst }, next, planned)
    if (nextAt === null) planned.ended.push(run)
    else planned.fires.push({ jobId: run.jobId, scheduledAt: run.scheduledAt, nextAt })
  }
  return planned
}

function skipTo(
  run: Claimed,
  trigger: Trigger & { readonly dst: DstPolicy },
  from: Instant,
  planned: Planned,
): Instant | null {
  const { cron, zone, dst } = trigger
  const count = countFires(cron, zone, from, run.now + 1, dst)
  planned.skipped.push({ run, from, to: run.now, count, policy: 'MISFIRE' })
  return nextFire(cron, zone, run.now, dst)
}

interface Trigger {
  readonly cron: Cron
  readonly zone: Zone
}

/** Triggers that were read lately; parsing one costs more than its next fire. */
const triggers = new Map<string, Trigger>()
const MAX_TRIGGERS = 10_000

function readTrigger(expression: string, timeZone: string): Trigger {
  const key = `${timeZone} ${expression}`
  const known = triggers.get(key)
  if (known !== undefined) return known
  const parsed = parseCron(expression)
  const zone = loadZone(timeZone)
  if (!parsed.ok) throw new Error(`a stored cron expression does not parse: ${expression}`)
  if (zone === null) throw new Error(`a stored time zone is not known here: ${timeZone}`)
  if (triggers.size >= MAX_TRIGGERS) triggers.clear()
  const trigger = { cron: parsed.cron, zone }
  triggers.set(key, trigger)
  return trigger
}
