import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { startTestedService } from './job-service.ts'

/*
 * What a job may be asked to be treated like when it is created, what it gets unless told, and what
 * a request is told that asks for something else.
 */

const service = await startTestedService()
after(() => service[Symbol.asyncDispose]())

const payload = { task: 'send_email', template: 'hello' }
const immediate = { jobType: 'ONE_TIME', executionMode: 'IMMEDIATE', payload }
const byCron = { jobType: 'RECURRING', payload, cronExpression: '0 0 3 * * *' }
const byInterval = { jobType: 'RECURRING', payload, every: 'PT15M' }

/** The job as it is shown after it was created. */
async function shown(body: object) {
  const created = await service.post('/jobs', body)
  assert.equal(created.status, 201, created.text)
  const { status, json } = await service.ask(`/jobs/${created.json.jobId}`)
  assert.equal(status, 200)
  return { ...json, nextRunAt: created.json.nextRunAt }
}

/** What the 400 says, without the quotes around what was sent. */
async function refusal(body: object): Promise<string> {
  const { status, json } = await service.post('/jobs', body)
  assert.equal(status, 400, JSON.stringify(json))
  return json.message.replaceAll('"', '')
}

const defaults = {
  ...{ name: null, tags: [], priority: 'NORMAL', timeout: 'PT5M' },
  retry: { maxAttempts: 3, backoff: 'exponential', base: 'PT1S', cap: 'PT10M', jitter: 0.5 },
  ...{ overlap: 'skip', misfire: 'run_once', catchUpLimit: 100, expireAfter: null },
  ...{ spread: 'PT0S', onLost: 'retry', pauseAfterFailures: null },
}
type Field = keyof typeof defaults
const fields = Object.keys(defaults) as Field[]

function policiesOf(job: Record<string, unknown>) {
  return Object.fromEntries(fields.map(field => [field, job[field]]))
}

test('a job that asks for nothing gets the defaults', async () => {
  assert.deepEqual(policiesOf(await shown(immediate)), defaults)
  assert.deepEqual(policiesOf(await shown(byCron)), defaults)
})

test('a field that is null gets its default, as if it were left out', async () => {
  const nulls = Object.fromEntries(fields.map(field => [field, null]))
  assert.deepEqual(policiesOf(await shown({ ...byCron, ...nulls })), defaults)
  const retry = { maxAttempts: null, backoff: null, base: null, cap: null, jitter: null }
  assert.deepEqual(policiesOf(await shown({ ...immediate, retry })), defaults)
  assert.deepEqual(policiesOf(await shown({ ...immediate, retry: {} })), defaults)
})

/** Values that a recurring job may have, each as it is shown then; told once where it is the same. */
const good: Readonly<Record<Field, readonly (readonly [unknown, unknown?])[]>> = {
  name: [['nightly report'], ['é'.repeat(200)], ['x']],
  tags: [
    [[]],
    [['billing', 'eu']],
    [
      ['a', 'b', 'a'],
      ['a', 'b'],
    ],
    [['t'.repeat(64)]],
  ],
  priority: [['CRITICAL'], ['HIGH'], ['NORMAL'], ['LOW']],
  timeout: [['PT0.1S'], ['PT30S'], ['PT90M', 'PT1H30M'], ['P7D'], ['pt5m', 'PT5M']],
  retry: [
    [{ maxAttempts: 1 }, { ...defaults.retry, maxAttempts: 1 }],
    [{ maxAttempts: 1_000 }, { ...defaults.retry, maxAttempts: 1_000 }],
    [
      { backoff: 'fixed', base: 'PT0S' },
      { ...defaults.retry, backoff: 'fixed', base: 'PT0S' },
    ],
    [
      { backoff: 'linear', cap: 'P7D' },
      { ...defaults.retry, backoff: 'linear', cap: 'P7D' },
    ],
    [{ jitter: 0 }, { ...defaults.retry, jitter: 0 }],
    [{ jitter: 0.3 }, { ...defaults.retry, jitter: 0.3 }],
    [{ jitter: 1 }, { ...defaults.retry, jitter: 1 }],
  ],
  overlap: [['skip'], ['queue'], ['allow']],
  misfire: [['run_once'], ['skip'], ['catch_up']],
  catchUpLimit: [[1], [10_000]],
  expireAfter: [['PT1S'], ['P366D'], ['P1W', 'P7D']],
  spread: [['PT0S'], ['PT10M'], ['PT24H', 'P1D']],
  onLost: [['retry'], ['hold']],
  pauseAfterFailures: [[1], [1_000]],
}

describe('every value that the documentation allows is taken and shown', () => {
  for (const field of fields)
    test(field, async () => {
      for (const [asked, expected = asked] of good[field]) {
        const job = await shown({ ...byCron, [field]: asked })
        assert.deepEqual(job[field], expected, JSON.stringify(asked))
      }
    })
})

const duration = (field: string, min: string, max: string, tooLong: string) =>
  [
    ['5m', `${field} must be an ISO-8601 duration such as PT5M or P1DT12H, got 5m`],
    ['P1M', `${field} must be an ISO-8601 duration such as PT5M or P1DT12H, got P1M`],
    ['PT', `${field} must be an ISO-8601 duration such as PT5M or P1DT12H, got PT`],
    ['-PT1S', `${field} must be an ISO-8601 duration such as PT5M or P1DT12H, got -PT1S`],
    ['', `${field} must be an ISO-8601 duration such as PT5M or P1DT12H, got `],
    [5, `${field} must be text, got 5`],
    [tooLong, `${field} must be from ${min} to ${max}, got ${tooLong}`],
  ] as const

const bad: Readonly<Record<Field, readonly (readonly [value: unknown, message: string])[]>> = {
  name: [
    ['', 'name must not be blank'],
    ['   ', 'name must not be blank'],
    ['x'.repeat(201), `name must be text of at most 200 characters, got ${'x'.repeat(60)}…`],
    [7, 'name must be text of at most 200 characters, got 7'],
    ['a\0b', 'name must not contain a NUL character'],
  ],
  tags: [
    ['billing', 'tags must be a list of 0 to 20 entries, got billing'],
    [Array.from({ length: 21 }, String), 'tags must be a list of 0 to 20 entries, got 21'],
    [[''], 'tags[0] must not be blank'],
    [['a', ' '], 'tags[1] must not be blank'],
    [['a', 7], 'tags[1] must be text of at most 64 characters, got 7'],
    [['x'.repeat(65)], `tags[0] must be text of at most 64 characters, got ${'x'.repeat(60)}…`],
    [['a', 'b\0'], 'tags[1] must not contain a NUL character'],
  ],
  priority: [
    ['high', 'priority must be one of CRITICAL, HIGH, NORMAL, LOW, got high'],
    [1, 'priority must be one of CRITICAL, HIGH, NORMAL, LOW, got 1'],
  ],
  timeout: [
    ...duration('timeout', 'PT0.1S', 'P7D', 'P8D'),
    ['PT0S', 'timeout must be from PT0.1S to P7D, got PT0S'],
    ['PT0.099S', 'timeout must be from PT0.1S to P7D, got PT0.099S'],
  ],
  retry: [
    [3, 'retry must be a JSON object, got 3'],
    [[], 'retry must be a JSON object, got a list'],
    [{ maxAttempts: 0 }, 'retry.maxAttempts must be a whole number from 1 to 1000, got 0'],
    [{ maxAttempts: 1_001 }, 'retry.maxAttempts must be a whole number from 1 to 1000, got 1001'],
    [{ maxAttempts: 1.5 }, 'retry.maxAttempts must be a whole number from 1 to 1000, got 1.5'],
    [{ maxAttempts: '3' }, 'retry.maxAttempts must be a whole number from 1 to 1000, got 3'],
    [{ backoff: 'FIXED' }, 'retry.backoff must be one of exponential, linear, fixed, got FIXED'],
    [{ base: '1s' }, 'retry.base must be an ISO-8601 duration such as PT5M or P1DT12H, got 1s'],
    [{ base: 'P8D' }, 'retry.base must be from PT0S to P7D, got P8D'],
    [{ cap: 'P8D' }, 'retry.cap must be from PT0S to P7D, got P8D'],
    [{ cap: 60 }, 'retry.cap must be text, got 60'],
    [{ jitter: -0.1 }, 'retry.jitter must be a number from 0 to 1, got -0.1'],
    [{ jitter: 1.1 }, 'retry.jitter must be a number from 0 to 1, got 1.1'],
    [{ jitter: 'full' }, 'retry.jitter must be a number from 0 to 1, got full'],
  ],
  overlap: [['SKIP', 'overlap must be one of skip, queue, allow, got SKIP']],
  misfire: [['runOnce', 'misfire must be one of run_once, skip, catch_up, got runOnce']],
  catchUpLimit: [
    [0, 'catchUpLimit must be a whole number from 1 to 10000, got 0'],
    [10_001, 'catchUpLimit must be a whole number from 1 to 10000, got 10001'],
    ['5', 'catchUpLimit must be a whole number from 1 to 10000, got 5'],
  ],
  expireAfter: [
    ...duration('expireAfter', 'PT1S', 'P366D', 'P367D'),
    ['PT0.5S', 'expireAfter must be from PT1S to P366D, got PT0.5S'],
  ],
  spread: duration('spread', 'PT0S', 'P1D', 'P2D'),
  onLost: [['HOLD', 'onLost must be one of retry, hold, got HOLD']],
  pauseAfterFailures: [
    [0, 'pauseAfterFailures must be a whole number from 1 to 1000, got 0'],
    [1_001, 'pauseAfterFailures must be a whole number from 1 to 1000, got 1001'],
    [true, 'pauseAfterFailures must be a whole number from 1 to 1000, got true'],
  ],
}

describe('every other value is a 400 that names the field and says what would be right', () => {
  for (const field of fields)
    test(field, async () => {
      for (const [asked, message] of bad[field])
        assert.equal(await refusal({ ...byCron, [field]: asked }), message)
    })
})

test('what only makes sense for fires in a row is refused for a one-time job', async () => {
  const recurringOnly = {
    ...{ overlap: 'queue', catchUpLimit: 5, spread: 'PT10M', pauseAfterFailures: 3 },
    ...{ timeZone: 'Europe/Berlin', dst: { gap: 'shift' }, every: 'PT15M' },
    ...{ anchorAt: '2030-01-01T00:00:00Z', startAt: '2030-01-01T00:00:00Z' },
    endAt: '2030-01-01T00:00:00Z',
  }
  for (const [field, value] of Object.entries(recurringOnly))
    assert.equal(
      await refusal({ ...immediate, [field]: value }),
      `${field} must not be provided for ONE_TIME jobs`,
    )
  assert.equal(
    await refusal({ ...immediate, misfire: 'catch_up' }),
    'misfire must be run_once or skip for ONE_TIME jobs',
  )
  const nulls = Object.fromEntries(Object.keys(recurringOnly).map(field => [field, null]))
  assert.deepEqual(policiesOf(await shown({ ...immediate, ...nulls })), defaults)
})

test('a one-time job has all the other policies', async () => {
  const asked = {
    ...{ name: 'once', tags: ['one'], priority: 'HIGH', timeout: 'PT1M', misfire: 'skip' },
    ...{ expireAfter: 'PT1H', onLost: 'hold' },
    retry: { maxAttempts: 9, backoff: 'fixed', base: 'PT2S', cap: 'PT3S', jitter: 0 },
  }
  assert.deepEqual(policiesOf(await shown({ ...immediate, ...asked })), { ...defaults, ...asked })
})

test('an interval fires first so long after its creation, or at its anchor', async () => {
  const job = await shown(byInterval)
  assert.equal(job.every, 'PT15M')
  assert.equal(job.cronExpression, null)
  assert.equal(job.anchorAt, job.nextRunAt)
  assert.ok(Math.abs(Date.parse(job.nextRunAt) - Date.parse(job.createdAt) - 900_000) < 60_000)

  const anchored = await shown({ ...byInterval, anchorAt: '2099-06-01T12:00:00+02:00' })
  assert.equal(anchored.anchorAt, '2099-06-01T10:00:00.000Z')
  assert.equal(anchored.nextRunAt, anchored.anchorAt)
})

test('an interval whose anchor has passed fires next on the grid of the anchor', async () => {
  const { nextRunAt } = await shown({ ...byInterval, anchorAt: '2020-01-01T00:00:07.125Z' })
  assert.equal((Date.parse(nextRunAt) - Date.parse('2020-01-01T00:00:07.125Z')) % 900_000, 0)
})

test('an interval that cannot be is a 400 that names the field', async () => {
  const every = 'every must be an ISO-8601 duration such as PT5M or P1DT12H, got '
  for (const [fields, message] of [
    [{ every: '15m' }, `${every}15m`],
    [{ every: 'P1Y' }, `${every}P1Y`],
    [{ every: 'PT0.5S' }, 'every must be from PT1S to P3660D, got PT0.5S'],
    [{ every: 'P4000D' }, 'every must be from PT1S to P3660D, got P4000D'],
    [{ every: 900 }, 'every must be text, got 900'],
    [{ cronExpression: '0 * * * * *' }, 'cronExpression must not be provided beside every'],
    [{ timeZone: 'Europe/Berlin' }, 'timeZone must not be provided beside every'],
    [{ dst: { gap: 'skip' } }, 'dst must not be provided beside every'],
    [{ runAt: '2030-01-01T00:00:00Z' }, 'runAt must be null for RECURRING jobs'],
  ] as const)
    assert.equal(await refusal({ ...byInterval, ...fields }), message)
  assert.match(
    await refusal({ ...byInterval, anchorAt: 'noon' }),
    /^anchorAt must be an ISO-8601 instant with Z or an offset, .* got noon$/,
  )
  assert.equal(
    await refusal({ ...byCron, anchorAt: '2030-01-01T00:00:00Z' }),
    'anchorAt must not be provided without every',
  )
  assert.equal(
    await refusal({ jobType: 'RECURRING', payload, every: null }),
    'cronExpression must be provided for RECURRING jobs',
  )
})

test('a window moves the first fire to its start, which is in it; its end is not', async () => {
  const startAt = '2099-01-01T03:00:00Z'
  const job = await shown({ ...byCron, startAt, endAt: '2099-02-01T00:00:00Z' })
  assert.equal(job.nextRunAt, '2099-01-01T03:00:00.000Z')
  assert.equal(job.startAt, '2099-01-01T03:00:00.000Z')
  assert.equal(job.endAt, '2099-02-01T00:00:00.000Z')
  const justAfter = await shown({ ...byCron, startAt: '2099-01-01T03:00:00.001Z' })
  assert.equal(justAfter.nextRunAt, '2099-01-02T03:00:00.000Z')
  await shown({ ...byCron, startAt, endAt: '2099-01-01T03:00:00.001Z' })
})

test('a window in which nothing fires is a 400 that names the field', async () => {
  const startAt = '2099-01-01T03:00:00Z'
  assert.equal(
    await refusal({ ...byCron, startAt, endAt: startAt }),
    `endAt must be after startAt, got ${startAt} and ${startAt}`,
  )
  assert.equal(
    await refusal({ ...byCron, endAt: '2020-01-01T00:00:00Z' }),
    'endAt must be after the first fire time, got 2020-01-01T00:00:00Z',
  )
  assert.equal(
    await refusal({ ...byCron, startAt: '2099-01-01T04:00:00Z', endAt: '2099-01-01T05:00:00Z' }),
    'endAt must be after the first fire time, got 2099-01-01T05:00:00Z',
  )
  assert.match(await refusal({ ...byCron, startAt: '2099-01-01' }), /^startAt must be an ISO-8601/)
  assert.match(await refusal({ ...byCron, endAt: 'never' }), /^endAt must be an ISO-8601/)
  assert.equal(await refusal({ ...byCron, endAt: 7 }), 'endAt must be text, got 7')
})

test('a cron that never fires is to blame itself, whatever its window', async () => {
  const never = { ...byCron, cronExpression: '0 0 0 30 2 *' }
  for (const window of [{}, { startAt: '2099-01-01T00:00:00Z' }, { endAt: '2099-01-01T00:00:00Z' }])
    assert.equal(
      await refusal({ ...never, ...window }),
      'Invalid cron expression: 0 0 0 30 2 * never fires',
    )
})

test('a window that begins after the last fire time there can be is a 400', async () => {
  const startAt = '9999-12-31T04:00:00Z'
  assert.match(await refusal({ ...byCron, startAt }), /^startAt must be before the last fire time/)
  const anchorAt = '9999-12-31T03:00:00Z'
  assert.match(
    await refusal({ ...byInterval, every: 'P1D', anchorAt, startAt }),
    /^startAt must be before the last fire time/,
  )
})

test('a spread moves the fires of a job by less than it says, always by the same', async () => {
  const startAt = '2099-01-01T00:00:00Z'
  const jobs = await Promise.all(
    Array.from({ length: 8 }, () => shown({ ...byCron, startAt, spread: 'PT10M' })),
  )
  const offsets = jobs.map(
    job => Date.parse(job.nextRunAt) - Date.parse('2099-01-01T03:00:00.000Z'),
  )
  assert.ok(offsets.every(offset => offset >= 0 && offset < 600_000))
  assert.ok(new Set(offsets).size > 1)
})

test('clock changes are treated as asked, and otherwise named', async () => {
  const job = await shown({ ...byCron, timeZone: 'Europe/Berlin', dst: { overlap: 'first' } })
  assert.deepEqual(job.dst, { gap: 'skip', overlap: 'first' })
  assert.deepEqual((await shown({ ...byCron, dst: null })).dst, { gap: 'skip', overlap: 'both' })
  assert.equal(
    await refusal({ ...byCron, dst: { gap: 'jump' } }),
    'dst.gap must be one of skip, shift, got jump',
  )
  assert.equal(
    await refusal({ ...byCron, dst: { overlap: 'none' } }),
    'dst.overlap must be one of both, first, second, got none',
  )
  assert.equal(await refusal({ ...byCron, dst: 'skip' }), 'dst must be a JSON object, got skip')
  assert.equal(
    await refusal({ ...byCron, timeZone: 'Mars/Olympus' }),
    'timeZone must be an IANA time zone such as Europe/Berlin, got Mars/Olympus',
  )
})
