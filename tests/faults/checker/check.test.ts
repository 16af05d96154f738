import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, type Limits } from './check.ts'
import type { Execution, History, RunRecord } from './history.ts'

/*
 * The checker of the fault tests is checked here: in a clean history it finds nothing, and each fault
 * that is planted in it is found.
 */

const limits: Limits = { recoveryMs: 15_000, patienceMs: 2_000, backoffMs: 1_000, taskMs: 3_000 }

const T = Date.UTC(2026, 0, 1)
const at = (seconds: number) => T + seconds * 1_000

/** A minute in which one job of alice fires each ten seconds, and one of bob once, at the second try. */
function clean(): History {
  const fires = [10, 20, 30, 40, 50]
  return {
    asked: [
      {
        ...{ name: 'each ten seconds', owner: 'alice', jobId: 'job_a', status: 201 },
        trigger: { kind: 'cron', expression: '*/10 * * * * *', timeZone: 'UTC' },
        ...{ behaviour: { kind: 'ok' }, maxAttempts: 3, nextRunAt: at(10) },
        ...{ sentAt: at(2), answeredAt: at(3) },
      },
      {
        ...{ name: 'once', owner: 'bob', jobId: 'job_b', status: 201 },
        trigger: { kind: 'at', runAt: at(15) },
        ...{ behaviour: { kind: 'flaky', failures: 1 }, maxAttempts: 3, nextRunAt: at(15) },
        ...{ sentAt: at(2), answeredAt: at(3) },
      },
    ],
    cancels: [],
    moves: [],
    jobs: [
      { jobId: 'job_a', name: 'each ten seconds', owner: 'alice', state: 'ACTIVE' },
      { jobId: 'job_b', name: 'once', owner: 'bob', state: 'ACTIVE' },
    ],
    triggers: [
      {
        ...{ jobId: 'job_a', version: 1, cronExpression: '*/10 * * * * *', timeZone: 'UTC' },
        ...{ runAt: null, validFrom: at(2.5), validTo: null },
      },
      {
        ...{ jobId: 'job_b', version: 1, cronExpression: null, timeZone: 'UTC' },
        ...{ runAt: at(15), validFrom: at(2.5), validTo: null },
      },
    ],
    runs: [
      ...fires.map(second => run('job_a', 'alice', second)),
      { ...run('job_b', 'bob', 15), attempt: 2, fence: 2, startedAt: at(16) },
    ],
    attempts: [
      {
        ...{ jobId: 'job_b', scheduledAt: at(15), attempt: 1, fence: 1, outcome: 'FAILED' },
        ...{ startedAt: at(15), endedAt: at(15.1) },
      },
    ],
    skipped: [],
    seen: [run('job_a', 'alice', 10)],
    overdue: [],
    executions: [
      ...fires.map(second => execution('job_a', second)),
      { ...execution('job_b', 15), answered: 503 },
      { ...execution('job_b', 15), attempt: 2, fence: 2, begunAt: at(16), endedAt: at(16.1) },
    ],
    faults: [],
    deaths: [],
    views: [
      { owner: 'alice', jobIds: ['job_a'] },
      { owner: 'bob', jobIds: ['job_b'] },
    ],
    probes: [{ owner: 'bob', jobId: 'job_a', status: 404 }],
    readAt: at(59),
  }
}

function run(jobId: string, owner: string, second: number): RunRecord {
  return {
    ...{ jobId, owner, scheduledAt: at(second), done: true, status: 'SUCCEEDED', reason: 'FIRE' },
    ...{ attempt: 1, maxAttempts: 3, fence: 1, executor: 'one', error: null },
    ...{ startedAt: at(second), finishedAt: at(second + 0.1) },
  }
}

function execution(jobId: string, second: number): Execution {
  return {
    ...{ jobId, scheduledAt: at(second), attempt: 1, fence: 1, answered: 200 },
    ...{ begunAt: at(second), endedAt: at(second + 0.1) },
  }
}

/** What is found when a part of the clean history is changed. */
function found(change: (history: History) => Partial<History>): string[] {
  const history = clean()
  const { violations } = check({ ...history, ...change(history) }, limits)
  return [...new Set(violations.map(({ promise, kind }) => `${promise} ${kind}`))]
}

const isRun = (second: number) => (run: RunRecord) =>
  run.jobId === 'job_a' && run.scheduledAt === at(second)
const changed = (runs: readonly RunRecord[], second: number, to: Partial<RunRecord>) =>
  runs.map(run => (isRun(second)(run) ? { ...run, ...to } : run))

test('a clean history passes, and is counted', () => {
  const { violations, ...counts } = check(clean(), limits)
  assert.deepEqual(violations, [])
  assert.deepEqual(counts, {
    ...{ fires: 6, runs: 6, skipped: 0, executions: 7, cancelled: 0 },
    ...{ repeated: 0, lost: 0, handedBack: 0, spoiled: 0, longestWaitMs: 0, quietShare: 1 },
  })
})

test('a job that was acknowledged and is not there is found', () => {
  const kinds = found(({ jobs }) => ({ jobs: jobs.slice(1), views: [] }))
  assert.ok(kinds.includes('1 job lost'))
})

test('a request whose answer was lost may have made a job or not', () => {
  const [first] = clean().asked
  const unknown = { ...first!, name: 'who knows', status: null, jobId: null, nextRunAt: null }
  assert.deepEqual(
    found(({ asked }) => ({ asked: [...asked, unknown] })),
    [],
  )
})

test('a right request that is refused is found', () => {
  const [first] = clean().asked
  const refused = { ...first!, name: 'a right one', status: 400, jobId: null, nextRunAt: null }
  assert.deepEqual(
    found(({ asked }) => ({ asked: [...asked, refused] })),
    ['1 job refused'],
  )
})

test('a server error is found', () => {
  const cancel = { jobId: 'job_a', sentAt: at(5), answeredAt: at(6), status: 500 }
  assert.deepEqual(
    found(() => ({ cancels: [cancel] })),
    ['1 server error'],
  )
})

test('a lost run is found', () => {
  assert.deepEqual(
    found(({ runs, executions }) => ({
      runs: runs.filter(run => !isRun(30)(run)),
      executions: executions.filter(each => each.scheduledAt !== at(30)),
    })),
    ['2 fire lost'],
  )
})

test('a fire time that a record says was skipped is not lost, unless the record counts wrongly', () => {
  const without30 = ({ runs, executions }: History) => ({
    runs: runs.filter(run => !isRun(30)(run)),
    executions: executions.filter(each => each.scheduledAt !== at(30)),
  })
  const span = { jobId: 'job_a', from: at(30), to: at(33), count: 1, policy: 'MISFIRE' }
  assert.deepEqual(
    found(history => ({ ...without30(history), skipped: [span] })),
    [],
  )
  assert.deepEqual(
    found(history => ({ ...without30(history), skipped: [{ ...span, count: 2 }] })),
    ['2 2 skipped instead of 1'],
  )
})

test('a fire time that ran and was skipped too is found', () => {
  const span = { jobId: 'job_a', from: at(30), to: at(33), count: 1, policy: 'MISFIRE' }
  assert.deepEqual(
    found(() => ({ skipped: [span] })),
    ['2 fire settled twice'],
  )
})

test('a double record is found', () => {
  assert.deepEqual(
    found(({ runs }) => ({ runs: [...runs, { ...runs[0]!, done: false, status: 'PENDING' }] })),
    ['2 run recorded twice', '4 run stuck'],
  )
})

test('a run off the grid of its job is found', () => {
  assert.deepEqual(
    found(({ runs, executions }) => ({
      runs: [...runs, run('job_a', 'alice', 33)],
      executions: [...executions, execution('job_a', 33)],
    })),
    ['2 fire from nowhere'],
  )
})

test('a record that vanished after somebody saw it, or changed, is found', () => {
  assert.deepEqual(
    found(({ seen }) => ({ seen: [...seen, run('job_a', 'alice', 60)] })),
    ['2 record vanished'],
  )
  assert.deepEqual(
    found(({ seen }) => ({ seen: [{ ...seen[0]!, status: 'FAILED' }] })),
    ['2 record changed'],
  )
})

test('an execution that no record tells of is found', () => {
  assert.deepEqual(
    found(({ executions }) => ({ executions: [...executions, execution('job_z', 20)] })),
    ['2 ran without record'],
  )
})

test('an early start is found', () => {
  assert.deepEqual(
    found(({ executions }) => ({
      executions: executions.map(each =>
        each.scheduledAt === at(20) ? { ...each, begunAt: at(20) - 1 } : each,
      ),
    })),
    ['3 early start'],
  )
})

test('a run that is stuck in the end is found', () => {
  assert.deepEqual(
    found(({ runs }) => ({ runs: changed(runs, 50, { done: false, status: 'DISPATCHED' }) })),
    ['4 run stuck'],
  )
})

test('a run that lay about is found, unless a fault was at work', () => {
  const overdue = [
    {
      ...{ jobId: 'job_a', scheduledAt: at(20), status: 'RUNNING' },
      ...{ wakeAt: at(30), lookedAt: at(40) },
    },
  ]
  assert.deepEqual(
    found(() => ({ overdue })),
    ['4 run left alone'],
  )
  const faults = [{ kind: 'kill', target: 'scheduler-1', from: at(25), to: at(26) }]
  assert.deepEqual(
    found(() => ({ overdue, faults })),
    [],
  )
})

test('a late start is found, unless a fault was at work', () => {
  const late = ({ runs, executions }: History) => ({
    runs: changed(runs, 20, { startedAt: at(29), finishedAt: at(29.1) }),
    executions: executions.map(each =>
      each.scheduledAt === at(20) ? { ...each, begunAt: at(29), endedAt: at(29.1) } : each,
    ),
  })
  assert.deepEqual(found(late), ['4 late start'])
  const faults = [{ kind: 'kill', target: 'kafka', from: at(12), to: at(14) }]
  assert.deepEqual(
    found(history => ({ ...late(history), faults })),
    [],
  )
})

test('a late retry is found', () => {
  assert.deepEqual(
    found(({ runs, executions }) => ({
      runs: runs.map(run => (run.jobId === 'job_b' ? { ...run, startedAt: at(25) } : run)),
      executions: executions.map(each => (each.fence === 2 ? { ...each, begunAt: at(25) } : each)),
    })),
    ['4 late retry'],
  )
})

test('an attempt that nobody ended though its executor was gone is found', () => {
  assert.deepEqual(
    found(({ runs }) => ({ runs: changed(runs, 50, { finishedAt: at(56) }) })),
    ['4 long attempt'],
  )
})

test('a write by an executor that was fenced out is found', () => {
  const later = { ...execution('job_a', 20), attempt: 2, fence: 2, begunAt: at(21) }
  const kinds = found(({ executions }) => ({ executions: [...executions, later] }))
  assert.ok(kinds.includes('5 fenced-out write'))
})

test('a success on record that its target never gave is found', () => {
  assert.deepEqual(
    found(({ executions }) => ({
      executions: executions.map(each =>
        each.scheduledAt === at(20) ? { ...each, answered: 503 } : each,
      ),
    })),
    ['5 success out of nothing'],
  )
})

test('an execution too many is found and counted, unless a fault was at work', () => {
  const twice = ({ runs, executions, attempts }: History) => ({
    runs: changed(runs, 20, { attempt: 2, fence: 2, startedAt: at(21), finishedAt: at(21.1) }),
    attempts: [
      ...attempts,
      {
        ...{ jobId: 'job_a', scheduledAt: at(20), attempt: 1, fence: 1, outcome: 'LOST' },
        ...{ startedAt: at(20), endedAt: at(21) },
      },
    ],
    executions: [
      ...executions,
      { ...execution('job_a', 20), attempt: 2, fence: 2, begunAt: at(21), endedAt: at(21.1) },
    ],
  })
  assert.deepEqual(found(twice), ['2 unexplained attempt', '2 wrong end'])
  const faults = [{ kind: 'kill', target: 'executor-1', from: at(20), to: at(20) }]
  const report = check({ ...clean(), ...twice(clean()), faults }, limits)
  assert.deepEqual(report.violations, [])
  assert.deepEqual([report.repeated, report.lost], [1, 1])
})

test('an attempt that ran twice under one fence is found', () => {
  const kinds = found(({ executions }) => ({ executions: [...executions, executions[0]!] }))
  assert.ok(kinds.includes('2 attempt ran twice'))
})

test('a run that failed though its target is fine is found', () => {
  assert.deepEqual(
    found(({ runs }) => ({ runs: changed(runs, 50, { status: 'FAILED', error: 'why?' }) })),
    ['2 wrong end'],
  )
})

test('a start after the answer to a cancel is found', () => {
  const cancel = { jobId: 'job_a', sentAt: at(34), answeredAt: at(35), status: 204 }
  assert.deepEqual(
    found(() => ({ cancels: [cancel] })),
    ['7 start after cancel'],
  )
})

test('a job that was cancelled fires no more, and that is no loss', () => {
  const cancel = { jobId: 'job_a', sentAt: at(34), answeredAt: at(35), status: 204 }
  const cancelled = { status: 'CANCELLED', startedAt: null, finishedAt: at(34.5), executor: null }
  assert.deepEqual(
    found(({ runs, executions, triggers }) => ({
      cancels: [cancel],
      triggers: triggers.map(each =>
        each.jobId === 'job_a' ? { ...each, validTo: at(34.5) } : each,
      ),
      runs: changed(
        runs.filter(run => !isRun(50)(run)),
        40,
        cancelled,
      ),
      executions: executions.filter(each => each.scheduledAt < at(40)),
    })),
    [],
  )
})

test('a job that ran at its old instant after it was moved is found', () => {
  const move = { jobId: 'job_b', runAt: at(50), sentAt: at(5), answeredAt: at(6), status: 204 }
  const kinds = found(() => ({ moves: [move] }))
  assert.ok(kinds.includes('7 start at the old instant'))
})

test("a look at another owner's job is found", () => {
  assert.deepEqual(
    found(() => ({ probes: [{ owner: 'bob', jobId: 'job_a', status: 200 }] })),
    ['8 foreign job known'],
  )
  assert.deepEqual(
    found(({ views }) => ({ views: [...views, { owner: 'bob', jobIds: ['job_a', 'job_b'] }] })),
    ['8 foreign job shown'],
  )
  assert.deepEqual(
    found(({ runs }) => ({ runs: changed(runs, 20, { owner: 'bob' }) })),
    ['8 run of another'],
  )
})

test('a service that ended by itself is found', () => {
  assert.deepEqual(
    found(() => ({ deaths: [{ service: 'scheduler-1', at: at(30), code: 1 }] })),
    ['6 service died'],
  )
})
