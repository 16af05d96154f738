import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from '@cronos/store'
import { startTestedService, tokenOf } from './job-service.ts'

/*
 * Lists of jobs and runs with cursors, and what to look for in them. Runs are written as executors
 * would leave them.
 */

const service = await startTestedService()
after(() => service[Symbol.asyncDispose]())

const payload = { task: 'send_email', template: 'hello' }
const scheduled = {
  ...{ jobType: 'ONE_TIME', executionMode: 'SCHEDULED', payload },
  runAt: '2099-01-01T00:00:00Z',
}
const recurring = { jobType: 'RECURRING', payload, cronExpression: '0 0 3 * * *' }

const as = (owner: string) => ({ token: tokenOf(owner) })

async function created(owner: string, jobs: readonly object[]): Promise<string[]> {
  const { status, json } = await service.post('/jobs/bulk', { jobs }, as(owner))
  assert.equal(status, 201, JSON.stringify(json))
  return json.jobs.map((job: { jobId: string }) => job.jobId)
}

/** All pages of a list, one after the other. */
async function pages(owner: string, list: 'jobs' | 'runs', path: string) {
  const found: { jobId: string; runId: string }[][] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const more: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const { status, json } = await service.ask(`${path}${more}`, as(owner))
    assert.equal(status, 200, JSON.stringify(json))
    found.push(json[list])
    cursor = json.next
  }
  return found
}

async function search(owner: string, query: string): Promise<string[]> {
  const found = await pages(owner, 'jobs', `/jobs/search?${query}`)
  return found.flat().map(job => job.jobId)
}

async function refusal(path: string): Promise<string> {
  const { status, json } = await service.ask(path)
  assert.equal(status, 400, JSON.stringify(json))
  return json.message
}

/** Ends the runs of jobs as an executor does. */
async function finish(jobIds: readonly string[], status: 'SUCCEEDED' | 'FAILED', at?: string) {
  await service.db.query(sql`
    with ended as (
      delete from runs_live where 'job_' || job_id = any(${jobIds}::text[]) returning *)
    insert into runs_done (job_id, scheduled_at, due_at, claimed_at, started_at, finished_at, fence,
                           attempt, max_attempts, done, recurring, status, owner, executor, error)
    select job_id, coalesce(${at ?? null}::timestamptz, scheduled_at), due_at, now(), now(), now(), 1, 1, max_attempts, true,
           recurring, ${status}, owner, 'executor-1',
           case when ${status} = 'FAILED' then '{"message":"it went wrong"}'::jsonb end
      from ended`)
}

describe('searching jobs', () => {
  let all: string[]
  before(async () => {
    all = await created('sue', [
      { ...scheduled, name: 'Nightly report', tags: ['billing', 'eu'] },
      { ...scheduled, name: 'nightly backup', tags: ['ops'], runAt: '2098-05-01T00:00:00Z' },
      { ...scheduled, name: 'Report by hand', tags: ['billing', 'us'], priority: 'HIGH' },
      { ...scheduled, name: '100%_done', payload: { task: 'HTTP_request', url: 'http://a.b' } },
      { ...recurring, name: 'Évaluation', tags: ['eu'] },
      { ...scheduled },
    ])
    await created('another', [{ ...scheduled, name: 'Nightly report', tags: ['billing', 'eu'] }])
    await service.post(`/jobs/${all[1]}/cancel`, undefined, as('sue'))
    await finish([all[2]!], 'FAILED')
  })
  const jobs = (...numbers: number[]) => numbers.map(number => all[number])

  test('shows one’s own jobs with what they can be found by, newest first', async () => {
    const { json } = await service.ask('/jobs/search', as('sue'))
    assert.equal(json.next, null)
    assert.deepEqual(
      json.jobs.map((job: { jobId: string }) => job.jobId),
      all.toReversed(),
    )
    const { nextRunAt, createdAt, ...rest } = json.jobs[3]
    assert.deepEqual(rest, {
      ...{ jobId: all[2], jobType: 'ONE_TIME', status: 'FAILED', attempts: 1 },
      ...{ failureReason: 'it went wrong', failedAt: rest.failedAt },
      ...{ name: 'Report by hand', tags: ['billing', 'us'], priority: 'HIGH', task: 'send_email' },
    })
    assert.equal(nextRunAt, '2099-01-01T00:00:00.000Z')
    assert.match(createdAt, /Z$/)
  })

  test('finds by name, its beginning, tags, task, status, type and times, and by all at once', async () => {
    for (const [query, expected] of [
      ['name=report', [2, 0]],
      ['name=REPORT%20b', [2]],
      ['name=zzz', []],
      ['namePrefix=night', [1, 0]],
      ['namePrefix=Nightly%20r', [0]],
      ['namePrefix=report', [2]],
      ['namePrefix=100%25_', [3]],
      ['namePrefix=%25', []],
      ['namePrefix=_', []],
      ['name=%25_d', [3]],
      ['tag=billing', [2, 0]],
      ['tag=billing&tag=eu', [0]],
      ['tag=eu', [4, 0]],
      ['tag=EU', []],
      ['task=http_request', [3]],
      ['task=send_email&jobType=ONE_TIME', [5, 2, 1, 0]],
      ['status=CANCELLED', [1]],
      ['status=FAILED', [2]],
      ['status=SCHEDULED', [5, 4, 3, 0]],
      ['status=COMPLETED', []],
      ['jobType=RECURRING', [4]],
      ['nextFrom=2099-01-01T00:00:00Z', [5, 3, 2, 0]],
      ['nextTo=2098-05-01T00:00:00Z', [4, 1]],
      ['nextFrom=2098-01-01T00:00:00Z&nextTo=2098-12-31T00:00:00Z', [1]],
      ['from=2001-01-01T00:00:00Z&to=2098-12-31T00:00:00Z', [5, 4, 3, 2, 1, 0]],
      ['to=2001-01-01T00:00:00Z', []],
      ['namePrefix=nightly&tag=billing&status=SCHEDULED&task=send_email&name=rep', [0]],
    ] as const)
      assert.deepEqual(await search('sue', query), jobs(...expected), query)
  })

  test('pages follow each other without a gap, whatever their size', async () => {
    for (const size of [1, 2, 4, 5, 6, 100])
      assert.deepEqual(await search('sue', `size=${size}`), all.toReversed())
    assert.deepEqual(await search('sue', 'size=1&tag=billing'), jobs(2, 0))
  })

  test('what comes in between moves nothing on the pages to come', async () => {
    const first = await service.ask('/jobs/search?size=3', as('sue'))
    const [newest] = await created('sue', [scheduled])
    const second = await service.ask(`/jobs/search?size=10&cursor=${first.json.next}`, as('sue'))
    const rest = second.json.jobs.map((job: { jobId: string }) => job.jobId)
    assert.deepEqual(rest, jobs(2, 1, 0))
    await service.db.query(sql`
      update job_definitions set state = 'DELETED' where 'job_' || job_id = ${newest}`)
    assert.deepEqual(await search('sue', ''), all.toReversed(), 'a deleted job is not found')
  })

  test('a cursor leads nobody into the jobs of another', async () => {
    const { json } = await service.ask('/jobs/search?size=1', as('sue'))
    const { json: others } = await service.ask(`/jobs/search?cursor=${json.next}`, as('nobody'))
    assert.deepEqual(others, { jobs: [], next: null })
  })
})

test('a search that has looked at many jobs stops, and goes on at its cursor', async () => {
  const wanted = await created('walker', [{ ...scheduled, name: 'the only one' }])
  for (let n = 0; n < 2; n++)
    await created(
      'walker',
      Array.from({ length: 6_000 }, () => scheduled),
    )
  const found = await pages('walker', 'jobs', '/jobs/search?name=only')
  assert.deepEqual(
    found.map(page => page.map(job => job.jobId)),
    [[], wanted],
  )
})

test('a name that many jobs have, and one that few have, are found alike', async () => {
  const many = await created(
    'namer',
    Array.from({ length: 1_200 }, (_, n) => ({ ...scheduled, name: `report ${n}` })),
  )
  assert.deepEqual(await search('namer', 'namePrefix=rep&size=100'), many.toReversed())
  assert.deepEqual(await search('namer', 'namePrefix=report%20119&size=5'), [
    ...many.slice(1190, 1200).toReversed(),
    many[119],
  ])
})

test('a query that cannot be is a 400 that names the parameter', async () => {
  assert.match(await refusal('/jobs/search?size=0'), /^size must be/)
  assert.match(await refusal('/jobs/search?status=DONE'), /^status must be one of/)
  assert.match(await refusal('/jobs/search?from=noon'), /^from must be an ISO-8601 instant/)
  assert.match(await refusal('/jobs/search?nextTo=noon'), /^nextTo must be an ISO-8601 instant/)
  assert.match(
    await refusal('/jobs/search?nextFrom=2031-01-01T00:00:00Z&nextTo=2030-01-01T00:00:00Z'),
    /^nextFrom must not be after nextTo/,
  )
  assert.match(await refusal('/jobs/search?name=a&name=b'), /^name must be given once/)
  assert.match(await refusal('/jobs/search?tag=a%00'), /^tag must not contain a NUL/)
  for (const cursor of ['', 'x', '%C3%A9', 'am9iczoxOjI'])
    assert.match(await refusal(`/jobs/search?cursor=${cursor}`), /^cursor must be the next of/)
  assert.match(await refusal('/runs?cursor=x'), /^cursor must be the next of/)
  assert.match(await refusal('/runs?status=COMPLETED'), /^status must be one of/)
  assert.match(await refusal('/runs?reason=WHIM'), /^reason must be one of/)
  assert.equal(await refusal('/runs?status=PENDING'), 'job must be provided for status PENDING')
})

describe('listing runs', () => {
  let all: string[]
  const at = (n: number) => `2026-01-01T00:00:0${n}.000Z`
  before(async () => {
    all = await created(
      'rita',
      Array.from({ length: 6 }, () => scheduled),
    )
    for (const [n, status] of (['SUCCEEDED', 'FAILED', 'SUCCEEDED'] as const).entries())
      await finish([all[n]!], status, at(n))
    await service.db.query(sql`
      update runs_live set status = 'RUNNING', executor = 'executor-1', started_at = now(), attempt = 1,
             wake_at = now() + interval '10 seconds', deadline_at = now(),
             scheduled_at = ${at(3)}::timestamptz
       where 'job_' || job_id = ${all[3]}`)
    await service.db.query(sql`
      update runs_live set status = 'DISPATCHED', fence = 1, reason = 'MANUAL',
             wake_at = now() + interval '5 seconds', scheduled_at = ${at(4)}::timestamptz
       where 'job_' || job_id = ${all[4]}`)
    const [other] = await created('ron', [scheduled])
    await finish([other!], 'FAILED', at(5))
  })
  const runs = async (query: string) => {
    const found = await pages('rita', 'runs', `/runs?${query}`)
    return found.flat().map(run => all.indexOf(run.jobId))
  }

  test('shows what has ended and what is in flight, latest fire time first, to its owner alone', async () => {
    assert.deepEqual(await runs(''), [4, 3, 2, 1, 0])
    const { json } = await service.ask('/runs', as('ron'))
    assert.equal(json.runs.length, 1)
    assert.equal(json.runs[0].error.message, 'it went wrong')
    assert.deepEqual((await service.ask('/runs', as('nobody'))).json, { runs: [], next: null })
  })

  test('finds by status, reason and time', async () => {
    for (const [query, expected] of [
      ['status=FAILED', [1]],
      ['status=SUCCEEDED', [2, 0]],
      ['status=CANCELLED', []],
      ['status=RUNNING', [3]],
      ['status=DISPATCHED', [4]],
      ['reason=MANUAL', [4]],
      ['reason=FIRE&status=RUNNING', [3]],
      [`from=${at(1)}&to=${at(3)}`, [3, 2, 1]],
      [`to=${at(0)}`, [0]],
    ] as const)
      assert.deepEqual(await runs(query), expected, query)
  })

  test('pages follow each other without a gap, whatever their size', async () => {
    for (const size of [1, 2, 5, 6]) assert.deepEqual(await runs(`size=${size}`), [4, 3, 2, 1, 0])
    assert.deepEqual(await runs('size=1&status=SUCCEEDED'), [2, 0])
  })

  test('of one job also what waits for its time is shown', async () => {
    assert.deepEqual(await runs(`job=${all[5]}`), [5])
    assert.deepEqual(await runs(`job=${all[5]}&status=PENDING`), [5])
    assert.deepEqual(await runs(`job=${all[5]}&status=FAILED`), [])
    assert.deepEqual(await runs(`job=${all[1]}`), [1])
  })

  test('a search that stops among the ended neither skips nor repeats what is in flight', async () => {
    const [flying, ended, filler] = await created('ruth', [scheduled, scheduled, recurring])
    await finish([ended!], 'FAILED', '2020-01-01T00:00:00Z')
    await service.db.query(sql`
      update runs_live set status = 'RUNNING', executor = 'executor-1', started_at = now(),
             wake_at = now() + interval '10 seconds', deadline_at = now(), reason = 'MANUAL',
             scheduled_at = '2020-06-01'
       where 'job_' || job_id = ${flying}`)
    await service.db.query(sql`update runs_done set reason = 'MANUAL' where owner = 'ruth'`)
    await service.db.query(sql`
      insert into runs_done (job_id, scheduled_at, due_at, finished_at, max_attempts, done, recurring,
                             status, owner)
      select job_id, at, at, at, 3, true, true, 'SUCCEEDED', owner
        from runs_live,
             generate_series('2021-01-01'::timestamptz, '2021-01-01T03:00:00Z', '1 second') at
       where 'job_' || job_id = ${filler}`)
    for (const size of [1, 2, 20]) {
      const found = await pages('ruth', 'runs', `/runs?reason=MANUAL&size=${size}`)
      assert.deepEqual(
        found.flat().map(run => run.jobId),
        [flying, ended],
      )
      assert.ok(found.length >= 2)
    }
  })

  test('an unknown job and another owner’s answer the same 404', async () => {
    const unknown = await service.ask('/runs?job=job_92daa91d-de99-4e82-8f1d-593f03a50ad8')
    assert.equal(unknown.status, 404)
    const others = await service.ask(`/runs?job=${all[0]}`, as('ron'))
    assert.equal(others.status, 404)
  })
})

test('the runs of a job can be paged by cursor, beside the plain pages', async () => {
  const [jobId] = await created('tina', [recurring])
  await service.db.query(sql`
    insert into runs_done (job_id, scheduled_at, due_at, finished_at, max_attempts, done, recurring,
                           status, owner)
    select job_id, at, at, at, 3, true, true, 'SUCCEEDED', owner
      from runs_live, generate_series('2026-01-01'::timestamptz, '2026-01-25', '1 day') at
     where 'job_' || job_id = ${jobId}`)
  const seen: string[] = []
  let path: string | null = `/jobs/${jobId}/runs?size=10`
  const sizes: number[] = []
  while (path !== null) {
    const { json, headers } = await service.ask(path, as('tina'))
    sizes.push(json.length)
    seen.push(...json.map((run: { scheduledAt: string }) => run.scheduledAt))
    path = /^<\/job-service\/api\/v1(.*)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1] ?? null
  }
  assert.deepEqual(sizes, [10, 10, 6])
  assert.deepEqual(seen, seen.toSorted().toReversed())
  const { json: second } = await service.ask(`/jobs/${jobId}/runs?size=10&page=2`, as('tina'))
  assert.equal(second[0].scheduledAt, seen[10])
})

describe('the plain list', () => {
  const list = async (query: string, owner = 'vera') => {
    const { json, headers } = await service.ask(`/jobs${query}`, as(owner))
    return {
      length: json.length,
      total: headers.get('x-total-count'),
      isExact: headers.get('x-total-count-exact'),
      link: headers.get('link'),
    }
  }
  const to = (query: string, relation: string) =>
    `</job-service/api/v1/jobs?${query}>; rel="${relation}"`

  before(async () => {
    const jobs = await created(
      'vera',
      Array.from({ length: 25 }, () => scheduled),
    )
    await finish(jobs.slice(0, 5), 'FAILED')
  })

  test('tells how many jobs there are in all, and where the other pages are', async () => {
    assert.deepEqual(await list(''), {
      ...{ length: 10, total: '25', isExact: 'true' },
      link: [to('page=1', 'first'), to('page=2', 'next'), to('page=3', 'last')].join(', '),
    })
    assert.deepEqual(await list('?page=3&size=10'), {
      ...{ length: 5, total: '25', isExact: 'true' },
      link: [
        to('page=1&size=10', 'first'),
        to('page=2&size=10', 'prev'),
        to('page=3&size=10', 'last'),
      ].join(', '),
    })
    assert.equal((await list('?page=9')).total, '25')
    assert.equal((await list('?status=FAILED&size=2')).total, '5')
    assert.equal((await list('?status=FAILED&size=2&page=7')).total, '5')
    assert.equal((await list('?jobType=RECURRING')).total, '0')
    assert.equal((await list('', 'nobody')).total, '0')
  })

  test('does not count for ever: past 10,000 it says at least how many', async () => {
    const { total, isExact, link } = await list('', 'walker')
    assert.equal(total, '10000')
    assert.equal(isExact, 'false')
    assert.equal(link, [to('page=1', 'first'), to('page=2', 'next')].join(', '))
    const byStatus = await list('?status=SCHEDULED', 'walker')
    assert.deepEqual([byStatus.total, byStatus.isExact], ['2000', 'false'])
  })
})
