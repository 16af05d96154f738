import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  type Instant,
  instant,
  isBalanced,
  type JobEvent,
  type JobId,
  misfirePolicies,
  overlapPolicies,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import {
  balanceJobs,
  cancelJob,
  cancelRun,
  controlJob,
  createJobs,
  editJob,
  type LockedJob,
  pausing,
  readJob,
  resuming,
  type Started,
  sql,
  triggering,
} from '@cronos/store'
import { aJob, byInterval, freshDatabase } from '@cronos/testkit'
import fc from 'fast-check'
import { failed, openByHand, succeeded } from './by-hand.ts'

/*
 * Whatever is done to a job, in whatever order: its ledger balances after each step, it never runs
 * beside itself unless it may, and it starts nothing while it is paused or when it has ended.
 */

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())

const alice = 'alice' as UserId
const engine = openByHand(db, alice)

/** What the test knows of the job, by itself. */
interface Model {
  readonly jobId: JobId
  readonly mayOverlap: boolean
  state: 'ACTIVE' | 'PAUSED' | 'ENDED'
  /** What has been published and not started. */
  events: JobEvent[]
  running: Started[]
}

type Step =
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'end'; readonly ok: boolean }
  | { readonly kind: 'edit'; readonly everyMs: number }
  | {
      readonly kind:
        | 'start'
        | 'lose events'
        | 'crash'
        | 'pause'
        | 'resume'
        | 'trigger'
        | 'cancel run'
        | 'cancel'
    }

type Plain = Exclude<Step['kind'], 'pass' | 'end' | 'edit'>
const plain = (kind: Plain) => fc.constant<Step>({ kind })

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.integer({ min: 1, max: 400_000 }).map<Step>(ms => ({ kind: 'pass', ms })),
    },
    { weight: 4, arbitrary: plain('start') },
    { weight: 3, arbitrary: fc.boolean().map<Step>(ok => ({ kind: 'end', ok })) },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom(45_000, 60_000, 90_000)
        .map<Step>(everyMs => ({ kind: 'edit', everyMs })),
    },
    { weight: 1, arbitrary: plain('lose events') },
    { weight: 1, arbitrary: plain('crash') },
    { weight: 2, arbitrary: plain('pause') },
    { weight: 2, arbitrary: plain('resume') },
    { weight: 1, arbitrary: plain('trigger') },
    { weight: 1, arbitrary: plain('cancel run') },
  ),
  { minLength: 4, maxLength: 16 },
)

const policies = fc.record({
  misfire: fc.constantFrom(...misfirePolicies),
  overlap: fc.constantFrom(...overlapPolicies),
  catchUpLimit: fc.constantFrom(2, 100),
  expireAfterMs: fc.constantFrom(null, 150_000),
  onLost: fc.constant('retry' as const),
  maxAttempts: fc.constantFrom(1, 3),
})

test('whatever is done to a recurring job, in whatever order, its ledger balances after each step', async () => {
  await fc.assert(
    fc.asyncProperty(policies, steps, fc.boolean(), async (given, steps, endsByCancel) => {
      await db.query(sql`truncate runs, job_definitions, triggers, skipped, attempts`)
      const first = instant((await engine.now()) + 10_000)
      const trigger = { ...byInterval(60_000, first), plannedAt: await engine.now() }
      const job = aJob({
        owner: alice,
        ...given,
        trigger: trigger as typeof trigger & { kind: 'every' },
      })
      await createJobs(db, [job])
      const model: Model = {
        ...{ jobId: job.jobId, mayOverlap: given.overlap === 'allow', state: 'ACTIVE' },
        ...{ events: [], running: [] },
      }
      const all: Step[] = endsByCancel ? [...steps, { kind: 'cancel' }] : steps
      for (const step of [...all, { kind: 'pass', ms: 130_000 } as const]) {
        await take(model, step)
        await look(model)
      }
    }),
    { numRuns: 40 },
  )
})

async function take(model: Model, step: Step): Promise<void> {
  const { jobId } = model
  const uuid = uuidOf(jobId)
  switch (step.kind) {
    case 'pass':
      await passBy(model, step.ms)
      return
    case 'start':
      model.running.push(...(await engine.start(model.events.splice(0))))
      return
    case 'end': {
      const run = model.running.shift()
      if (run !== undefined) await engine.end(run, step.ok ? succeeded : failed)
      return
    }
    case 'lose events':
      model.events = []
      await db.query(sql`update runs_live set wake_at = now() where status = 'DISPATCHED'`)
      return
    case 'crash':
      model.running = []
      await db.query(sql`update runs_live set wake_at = now() where status = 'RUNNING'`)
      return
    case 'pause': {
      const { kind } = await controlJob(db, pausing(null), jobId, alice)
      if (kind === 'done') model.state = 'PAUSED'
      return
    }
    case 'resume': {
      const { kind } = await controlJob(db, resuming, jobId, alice)
      if (kind === 'done') model.state = 'ACTIVE'
      return
    }
    case 'trigger':
      await controlJob(db, triggering, jobId, alice)
      return
    case 'edit':
      await editJob(
        db,
        jobId,
        alice,
        () => true,
        job => editOf(job, step.everyMs),
      )
      return
    case 'cancel run': {
      const { rows } = await db.query<{ at: Instant }>(sql`
        select scheduled_at as at from runs_live where job_id = ${uuid} order by scheduled_at limit 1`)
      if (rows[0] !== undefined)
        await cancelRun(db, { jobId, scheduledAt: rows[0].at }, alice, 10_000)
      return
    }
    case 'cancel': {
      const { kind } = await cancelJob(db, jobId, alice)
      if (kind === 'done') model.state = 'ENDED'
      return
    }
    default:
      step satisfies never
  }
}

function editOf(job: LockedJob, everyMs: number) {
  const { cronExpression, timeZone, dstGap, dstOverlap, anchorAt, startAt, endAt } = job
  const rest = { cronExpression, timeZone, dstGap, dstOverlap, anchorAt, startAt, endAt }
  return { ...job, recurrence: { ...rest, everyMs }, runAt: null }
}

/** Lets time pass for the job: all that it was and is goes back, and the clock stays. */
async function passBy(model: Model, ms: number): Promise<void> {
  const uuid = uuidOf(model.jobId)
  // By way of another century, so that no row meets another one's old place.
  for (const by of [3_200_000_000_000, -3_200_000_000_000 - ms]) {
    await db.query(sql`
      with by as (select interval '1 millisecond' * ${by}::float8 as by),
      live as (
        update runs_live set scheduled_at = scheduled_at + by, due_at = due_at + by,
               wake_at = wake_at + by, expires_at = expires_at + by, cancel_at = cancel_at + by,
               started_at = started_at + by, deadline_at = deadline_at + by
          from by where job_id = ${uuid}),
      done as (
        update runs_done set scheduled_at = scheduled_at + by, due_at = due_at + by,
               started_at = started_at + by, finished_at = finished_at + by
          from by where job_id = ${uuid}),
      skip as (
        update skipped set from_at = from_at + by, to_at = to_at + by, into_run = into_run + by
          from by where job_id = ${uuid}),
      attempt as (
        update attempts set scheduled_at = scheduled_at + by from by where job_id = ${uuid}),
      trigger as (
        update triggers set valid_from = valid_from + by, valid_to = valid_to + by,
               anchor_at = anchor_at + by
          from by where job_id = ${uuid})
      update job_definitions set anchor_at = anchor_at + by, created_at = created_at + by
        from by where job_id = ${uuid}`)
  }
  const back = <T extends { scheduledAt: Instant }>(each: T): T => ({
    ...each,
    scheduledAt: instant(each.scheduledAt - ms),
  })
  model.events = model.events.map(back)
  model.running = model.running.map(back)
}

/** Turns the scheduler until nothing is due, and looks at all that must be so. */
async function look(model: Model): Promise<void> {
  const { jobId } = model
  const published = await engine.turns()
  if (model.state !== 'ACTIVE') {
    const byHand = (await engine.runsOf(jobId)).filter(run => run.reason === 'MANUAL')
    const fires = published.filter(
      event => !byHand.some(run => run.scheduledAt === event.scheduledAt),
    )
    assert.deepEqual(fires, [], `a job that is ${model.state}`)
  }
  model.events.push(...published)

  const job = await readJob(db, jobId, alice)
  const isPaused = job?.status === 'PAUSED'
  assert.equal(isPaused, model.state === 'PAUSED', `${job?.status} while ${model.state}`)
  const { rows } = await db.query<{ going: number; unheld: number; early: number }>(sql`
    select count(*) filter (where (status <> 'PENDING' or attempt > 0)
                              and reason in ('FIRE', 'CATCH_UP')) as going,
           count(*) filter (where status = 'PENDING' and hold is null
                              and reason in ('FIRE', 'CATCH_UP')) as unheld,
           count(*) filter (where status <> 'PENDING' and due_at > now()) as early
      from runs_live where job_id = ${uuidOf(jobId)}`)
  const { going, unheld, early } = rows[0]!
  assert.ok(model.mayOverlap || going <= 1, `${going} runs at once`)
  assert.equal(early, 0, 'nothing is under way before it is due')
  if (model.state !== 'ACTIVE') assert.equal(unheld, 0, 'nothing waits to be started')

  const now = await engine.now()
  const span = { from: instant(now - 30 * 86_400_000), to: instant(now + 1) }
  const { jobs } = await balanceJobs(db, [jobId], span, { tzdata: 'test', graceMs: 1_000 })
  const [ledger] = jobs
  assert.ok(ledger)
  assert.ok(isBalanced(ledger.balance), JSON.stringify(ledger.balance))
  assert.equal(ledger.isStalled, false, 'it has a next fire')
  const expected = await countByHand(jobId, now)
  assert.ok(
    Math.abs(ledger.balance.expected - expected) <= 1, // one may have come between two clocks
    `${ledger.balance.expected} fire times in the ledger, ${expected} by hand`,
  )
}

/** The fire times up to now as anybody would count them: anchor after anchor, one by one. */
async function countByHand(jobId: JobId, now: Instant): Promise<number> {
  const { rows } = await db.query<{
    anchor: Instant
    everyMs: number
    from: number
    to: number | null
  }>(sql`
    select anchor_at as anchor, every_ms as "everyMs",
           extract(epoch from valid_from)::float8 * 1000 as from,
           extract(epoch from valid_to)::float8 * 1000 as to
      from triggers where job_id = ${uuidOf(jobId)}`)
  let count = 0
  for (const { anchor, everyMs, from, to } of rows)
    for (let at: number = anchor; at <= now; at += everyMs)
      if (at > from && (to === null || at <= to)) count++
  return count
}
