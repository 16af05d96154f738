import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../spring/random.ts'
import type { Asked, AskedTrigger, Behaviour, Cancelled, Moved, Probe } from './checker/history.ts'
import { ask } from './client.ts'
import type { Receiver } from './receiver.ts'

/** What owners ask of Cronos while it is being broken, and what they were answered. */
export interface Workload {
  readonly asked: readonly Asked[]
  readonly cancels: readonly Cancelled[]
  readonly moves: readonly Moved[]
  readonly probes: readonly Probe[]
  /** Resolves when nothing more is asked and all answers are there. */
  stop(): Promise<void>
}

export interface WorkloadOptions {
  /** Where the job-service is at the moment. */
  readonly origin: () => string | null
  readonly receiver: Receiver
  readonly random: Random
  /** Jobs that fire each second. */
  readonly everySecond: number
  /** One-time jobs that are asked for in a second. */
  readonly oneTimePerSecond: number
}

/** What is asked for. */
interface Order {
  readonly trigger: AskedTrigger
  readonly behaviour: Behaviour
  readonly maxAttempts?: number
  readonly timeout?: string
}

/** No task takes longer, in milliseconds, unless it is hindered. */
export const LONGEST_TASK_MS = 8_000

const OWNERS = ['alice', 'bob'] as const
const OK: Behaviour = { kind: 'ok' }
const cron = (expression: string, timeZone = 'UTC'): AskedTrigger => ({
  ...{ kind: 'cron', expression, timeZone },
})

/** The recurring jobs beside those that fire each second: with failures that are known. */
const RECURRING: readonly Order[] = [
  { trigger: cron('*/2 * * * * *', 'Europe/Berlin'), behaviour: OK },
  { trigger: cron('*/3 * * * * *'), behaviour: { kind: 'slow', ms: 400 } },
  { trigger: cron('*/2 * * * * *'), behaviour: { kind: 'slow', ms: 1_500 } },
  { trigger: cron('1/3 * * * * *'), behaviour: { kind: 'slow', ms: 6_000 } },
  { trigger: cron('*/5 * * * * *'), behaviour: { kind: 'flaky', failures: 1 } },
  { trigger: cron('*/7 * * * * *', 'Asia/Kolkata'), behaviour: { kind: 'slow', ms: 3_000 } },
  { trigger: cron('*/10 * * * * *'), behaviour: { kind: 'flaky', failures: 2 }, maxAttempts: 2 },
  { trigger: cron('*/20 * * * * *'), behaviour: { kind: 'hang' }, maxAttempts: 2, timeout: 'PT2S' },
  { trigger: cron('*/30 * * * * *'), behaviour: { kind: 'broken' } },
]

export function startWorkload(options: WorkloadOptions): Workload {
  const { origin, receiver, random, everySecond, oneTimePerSecond } = options
  const asked: Asked[] = []
  const cancels: Cancelled[] = []
  const moves: Moved[] = []
  const probes: Probe[] = []
  const stopping = new AbortController()
  const pending = new Set<Promise<void>>()
  let names = 0

  const inBackground = (work: Promise<void>) => {
    pending.add(work)
    work.finally(() => pending.delete(work))
  }
  inBackground(askForRecurring())
  inBackground(askForOneTime())
  inBackground(comeAndGo())
  inBackground(lookAround())
  return {
    ...{ asked, cancels, moves, probes },
    async stop() {
      stopping.abort()
      while (pending.size > 0) await Promise.all(pending)
    },
  }

  /** @returns the job's id, null where it was not acknowledged */
  async function create(order: Order): Promise<string | null> {
    const { trigger, behaviour, maxAttempts = 3, timeout = 'PT20S' } = order
    const owner = random.pick(OWNERS)
    const name = `job ${++names}`
    const { body, ...answer } = await ask(origin(), owner, '/jobs', {
      ...{ name, timeout, retry: { maxAttempts }, ...triggerFields(trigger) },
      payload: { task: 'http_request', method: 'POST', url: receiver.urlOf(behaviour) },
    })
    const created = answer.status === 201
    asked.push({
      ...{ name, owner, trigger, behaviour, maxAttempts, ...answer },
      jobId: created ? body.jobId : null,
      nextRunAt: created ? Date.parse(body.nextRunAt) : null,
    })
    return created ? body.jobId : null
  }

  async function askForRecurring(): Promise<void> {
    const each = Array.from({ length: everySecond }, () => ({
      ...{ trigger: cron('* * * * * *'), behaviour: OK },
    }))
    for (const order of [...each, ...RECURRING])
      while (!stopping.signal.aborted && (await create(order)) === null) await rest(200)
  }

  async function askForOneTime(): Promise<void> {
    while (!stopping.signal.aborted) {
      await rest((500 + random.from(0, 1_000)) / oneTimePerSecond)
      inBackground(askOnce())
    }
  }

  async function askOnce(): Promise<void> {
    const immediate: AskedTrigger = { kind: 'immediate' }
    const inSeconds = (from: number, to: number): AskedTrigger => ({
      ...{ kind: 'at', runAt: Date.now() + random.from(from * 1_000, to * 1_000) },
    })
    const share = random.next()
    if (share < 0.5) await create({ trigger: immediate, behaviour: OK })
    else if (share < 0.7) await create({ trigger: inSeconds(0, 20), behaviour: OK })
    else if (share < 0.78)
      await create({
        trigger: immediate,
        behaviour: { kind: 'slow', ms: random.from(100, LONGEST_TASK_MS) },
      })
    else if (share < 0.86)
      await create({
        ...{ trigger: immediate, behaviour: { kind: 'flaky', failures: random.from(1, 3) } },
      })
    else if (share < 0.9) await create({ trigger: immediate, behaviour: { kind: 'broken' } })
    else if (share < 0.92)
      await create({
        ...{ trigger: immediate, behaviour: { kind: 'hang' }, maxAttempts: 2, timeout: 'PT2S' },
      })
    else if (share < 0.97) await cancelLater(await create(orderAt(inSeconds(4, 12))), 0, 8_000)
    else await moveLater(await create(orderAt(inSeconds(5, 10))))
  }

  /** Recurring jobs that are cancelled after a while. */
  async function comeAndGo(): Promise<void> {
    while (!stopping.signal.aborted) {
      await rest(random.from(3_000, 12_000))
      const jobId = await create({ trigger: cron('* * * * * *'), behaviour: OK })
      inBackground(cancelLater(jobId, 2_000, 20_000))
    }
  }

  async function cancelLater(jobId: string | null, minMs: number, maxMs: number): Promise<void> {
    if (jobId === null) return
    const { owner } = asked.find(each => each.jobId === jobId)!
    await rest(random.from(minMs, maxMs))
    for (let tries = 0; tries < 20; tries++) {
      const { body: _, ...answer } = await ask(origin(), owner, `/jobs/${jobId}/cancel`, {})
      cancels.push({ jobId, ...answer })
      // It can be RUNNING just now: then it is asked again, a recurring one will be SCHEDULED.
      if (answer.status === 204 || (answer.status !== null && answer.status < 500)) {
        if (answer.status === 204 || stopping.signal.aborted) return
      }
      await rest(300)
    }
  }

  async function moveLater(jobId: string | null): Promise<void> {
    if (jobId === null) return
    const { owner } = asked.find(each => each.jobId === jobId)!
    await rest(random.from(0, 4_000))
    const runAt = Date.now() + random.from(3_000, 15_000)
    const path = `/jobs/${jobId}/reschedule`
    const to = { runAt: new Date(runAt).toISOString() }
    const { body: _, ...answer } = await ask(origin(), owner, path, to)
    moves.push({ jobId, runAt, ...answer })
  }

  /** Each owner tries what is the other's. */
  async function lookAround(): Promise<void> {
    while (!stopping.signal.aborted) {
      await rest(1_500)
      const known = asked.filter(each => each.jobId !== null)
      if (known.length === 0) continue
      const { jobId, owner } = random.pick(known)
      const other = OWNERS.find(each => each !== owner)!
      const way = random.pick(['', '/runs', '/cancel'])
      const body = way === '/cancel' ? {} : undefined
      const { status } = await ask(origin(), other, `/jobs/${jobId}${way}`, body)
      if (status !== null && status < 500) probes.push({ owner: other, jobId: jobId!, status })
    }
  }

  function rest(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: stopping.signal }).catch(() => {})
  }
}

const orderAt = (trigger: AskedTrigger): Order => ({ trigger, behaviour: OK })

function triggerFields(trigger: AskedTrigger): object {
  switch (trigger.kind) {
    case 'immediate':
      return { jobType: 'ONE_TIME', executionMode: 'IMMEDIATE' }
    case 'at': {
      const runAt = new Date(trigger.runAt).toISOString()
      return { jobType: 'ONE_TIME', executionMode: 'SCHEDULED', runAt }
    }
    case 'cron': {
      const { expression: cronExpression, timeZone } = trigger
      return { jobType: 'RECURRING', cronExpression, timeZone }
    }
    default:
      return trigger satisfies never
  }
}
