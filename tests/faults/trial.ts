import { setTimeout as rest } from 'node:timers/promises'
import { type Random, randomOf } from '../spring/random.ts'
import { check, type Limits, type Report } from './checker/check.ts'
import type { Fault, History, View } from './checker/history.ts'
import { ask } from './client.ts'
import { type Cluster, type ClusterOptions, startCluster } from './cluster.ts'
import type { FaultKind } from './nemesis.ts'
import { type Observer, startObserver } from './observer.ts'
import { type Receiver, startReceiver } from './receiver.ts'
import { countUnfinished, readClock, readRecords } from './records.ts'
import { startWorkload, type Workload } from './workload.ts'

/** A cluster that is kept busy, watched, and broken. Disposing of it ends it. */
export interface Trial extends AsyncDisposable {
  readonly cluster: Cluster
  /** Breaks something, and gives the cluster its time to go on. */
  strike(kind: FaultKind): Promise<void>
  /** Asks for nothing more. */
  rest(): Promise<void>
  /** Waits until all that is due by now is finished, and checks everything so far. */
  judge(): Promise<Verdict>
  /** Fires that were executed so far. */
  readonly executions: number
}

export interface Verdict {
  readonly report: Report
  readonly history: History
}

export interface TrialOptions extends ClusterOptions {
  readonly seed: number
  readonly everySecond: number
  readonly oneTimePerSecond: number
  readonly limits: Limits
  /** Between two faults, at least and at most, in milliseconds. */
  readonly quietMs: readonly [number, number]
  /** How long, in the end, unfinished runs are waited for. */
  readonly settleMs: number
}

export async function startTrial(options: TrialOptions): Promise<Trial> {
  await using stack = new AsyncDisposableStack()
  const random = randomOf(options.seed)
  const receiver = stack.use(await startReceiver())
  const cluster = stack.use(await startCluster(options))
  await cluster.healthy()
  const job = cluster.members.find(member => member.kind === 'job')!
  const observer = startObserver(cluster.db)
  stack.defer(() => observer.stop())
  const workload = startWorkload({
    ...{ receiver, origin: () => job.origin, random: randomOf(options.seed + 1) },
    ...{ everySecond: options.everySecond, oneTimePerSecond: options.oneTimePerSecond },
  })
  stack.defer(() => workload.stop())
  const owned = stack.move()
  return {
    cluster,
    get executions() {
      return receiver.executions.length
    },
    strike: kind => strike(cluster, kind, random, options.quietMs),
    rest: () => workload.stop(),
    async judge() {
      const parts = { cluster, workload, observer, receiver }
      const history = await settle(parts, options.settleMs)
      return { history, report: check(history, options.limits) }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function strike(
  cluster: Cluster,
  kind: FaultKind,
  random: Random,
  [minMs, maxMs]: readonly [number, number],
): Promise<void> {
  await kind.strike(cluster, random)
  for (const member of cluster.members) await member.start() // whoever has ended by itself
  await cluster.healthy()
  await rest(random.from(minMs, maxMs))
}

interface Parts {
  readonly cluster: Cluster
  readonly workload: Workload
  readonly observer: Observer
  readonly receiver: Receiver
}

const LOOK_MS = 200

/**
 * What the test has written down is taken before what is on record is read: of all it knows there
 * must be a record, while records may be newer.
 */
async function settle(parts: Parts, settleMs: number): Promise<History> {
  const { cluster, workload, observer, receiver } = parts
  const { db } = cluster
  const readAt = await readClock(db)
  for (const since = performance.now(); performance.now() - since < settleMs; ) {
    if ((await countUnfinished(db, readAt)) === 0) break
    await rest(LOOK_MS)
  }
  const isPast = ({ scheduledAt }: { scheduledAt: number }) => scheduledAt <= readAt
  const noted = {
    ...{ asked: [...workload.asked], cancels: [...workload.cancels], moves: [...workload.moves] },
    probes: [...workload.probes],
    ...{ seen: observer.seen.filter(isPast), overdue: observer.overdue.filter(isPast) },
    executions: receiver.executions.filter(isPast),
    ...{ faults: [...cluster.faults], deaths: [...cluster.deaths] },
  }
  const views = await readViews(cluster)
  return { ...noted, views, ...(await readRecords(db, readAt)), readAt }
}

const PAGE = 100

/** What each owner's list shows, page by page. */
async function readViews({ members }: Cluster): Promise<View[]> {
  const { origin } = members.find(member => member.kind === 'job')!
  const views: View[] = []
  for (const owner of ['alice', 'bob']) {
    const jobIds: string[] = []
    for (let page = 1; ; page++) {
      const { status, body } = await ask(origin, owner, `/jobs?size=${PAGE}&page=${page}`)
      if (status !== 200) throw new Error(`the list of ${owner}'s jobs was answered ${status}`)
      jobIds.push(...body.map((job: { jobId: string }) => job.jobId))
      if (body.length < PAGE) break
    }
    views.push({ owner, jobIds })
  }
  return views
}

/** How often each kind of fault struck. */
export function countFaults(faults: readonly Fault[]): Record<string, number> {
  const byKind = Object.groupBy(faults, fault => fault.kind)
  return Object.fromEntries(Object.entries(byKind).map(([kind, each]) => [kind, each!.length]))
}
