import { randomUUID } from 'node:crypto'
import { fence, instant, jobIdOf, runIdOf, type UserId } from '@cronos/domain'
import { claimRuns, createJobs, openPool, type Pool, startRuns } from '@cronos/store'
import { aJob } from '@cronos/testkit'
import type { TaskContext } from '../src/task.ts'
import { openTools, type TaskTools, type ToolsConfig } from '../src/tools.ts'

/** What tools need, with nobody at the other end; a test names what it uses. */
export const unreachable: ToolsConfig = {
  authUrl: 'http://127.0.0.1:1',
  userUrl: 'http://127.0.0.1:1',
  clientId: 'executorService',
  clientSecret: 'secret',
  smtp: null,
  mailFrom: 'Cronos <cronos@example.com>',
  allowedNetworks: [],
}

/** Tools for tasks that use no database: it is asked for nothing, and so never connected to. */
export function toolsWithoutDatabase(given: Partial<ToolsConfig> = {}): TaskTools {
  const address = { url: 'postgres://127.0.0.1:1/none', user: 'nobody', password: '' }
  const db = openPool({ ...address, name: 'test', max: 1, plans: 'general' })
  return openTools(db, { ...unreachable, ...given })
}

/** An attempt of a run that is on no record: for tasks that use no database. */
export function anAttempt(tools: TaskTools, given: Partial<TaskContext> = {}): TaskContext {
  const run = { jobId: jobIdOf(randomUUID()), scheduledAt: instant(Date.UTC(2026, 10, 23, 20, 44)) }
  return {
    ...run,
    runId: runIdOf(run),
    owner: 'alice' as UserId,
    attempt: 2,
    fence: fence(7),
    signal: new AbortController().signal,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    progress() {},
    tools,
    ...given,
  }
}

/** An attempt of a run that is RUNNING in the database. */
export async function startAttempt(
  db: Pool,
  tools: TaskTools,
  given: Partial<TaskContext> = {},
): Promise<TaskContext> {
  const { owner = 'alice' as UserId } = given
  await createJobs(db, [aJob({ owner })])
  const options = { limit: 1, dispatchLeaseMs: 60_000, takeOver: false }
  const [claimed] = await db.transaction(tx => claimRuns(tx, options))
  const event = { ...claimed!, attempt: 1 }
  const [run] = await startRuns(db, [event], { executor: 'one', leaseMs: 60_000, again: false })
  const { jobId, scheduledAt, fence, attempt } = run!
  const runId = runIdOf(run!)
  return anAttempt(tools, { jobId, scheduledAt, fence, attempt, owner, runId, ...given })
}
