import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Instant, instant, uuidOf } from '@cronos/domain'
import { createJobs, readNow, sql } from '@cronos/store'
import { aJob, atInstant, byCron, freshDatabase } from '@cronos/testkit'

/* `cronos verify` as a person calls it, on a configured database. */

const database = await freshDatabase('jobs')
const db = database.pool('general')
after(() => database[Symbol.asyncDispose]())

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))
const { url, user, password } = database.address
const CONFIGURED = {
  CONFIGS_JOBDB_URL: url,
  CONFIGS_JOBDB_NAME: new URL(url).pathname.slice(1),
  SECRETS_DATASOURCE_USERNAME: user,
  SECRETS_DATASOURCE_PASSWORD: password,
}

function verify(args: readonly string[], env: NodeJS.ProcessEnv = CONFIGURED) {
  return new Promise<{ code: number; lines: string[]; errors: string }>(resolve => {
    const options = { env: { ...process.env, ...env } }
    execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : 0
      resolve({ code, lines: stdout.trimEnd().split('\n'), errors: stderr })
    })
  })
}

const MINUTE = 60_000
const now = instant(Math.floor((await readNow(db)) / MINUTE) * MINUTE)
const ago = (minutes: number): Instant => instant(now - minutes * MINUTE)
const text = (at: Instant) => new Date(at).toISOString()

test('jobs of all owners that ran each time are well', async () => {
  const waiting = aJob({ owner: 'alice' as never, trigger: atInstant(now + 86_400_000) })
  const once = aJob({ owner: 'bob' as never })
  const job = aJob({ owner: 'carol' as never, trigger: byCron('0 * * * * *', ago(60)) })
  await createJobs(db, [waiting, once, job])
  const uuid = uuidOf(job.jobId)
  await db.query(sql`
    insert into runs_done (job_id, scheduled_at, due_at, finished_at, done, status, attempt,
                           max_attempts, recurring, owner, tzdata)
    select ${uuid}::uuid, at, at, at, true, 'SUCCEEDED', 1, 3, true, 'carol', 'test'
      from generate_series(${text(ago(60))}::timestamptz, ${text(now)}::timestamptz,
                           interval '1 minute') as at`)
  await db.query(sql`
    update runs_live set scheduled_at = date_trunc('minute', now()) + interval '1 minute'
     where job_id = ${uuid}`)
  const { code, lines, errors } = await verify(['--since', '7d'])
  assert.equal(errors, '')
  assert.equal(code, 0, lines.join('\n'))
  assert.match(
    lines[0]!,
    /^3 jobs since \S+Z: 6[2-4] fire times expected, 6[2-4] runs, 0 without a run/,
  )
  assert.equal(lines[1], '0 missing, 0 repeated, 0 unexpected, 0 stalled, 0 against the rules')
})

test('a gap, a duplicate, an unexpected run and a stalled job are each told, and the exit code is 1', async () => {
  const job = aJob({ trigger: byCron('0 0 * * * *', ago(600)) })
  await createJobs(db, [job])
  const uuid = uuidOf(job.jobId)
  await db.query(sql`delete from runs_live where job_id = ${uuid}`)
  const hour = (hours: number) => text(instant(Math.floor(now / 3_600_000 - hours) * 3_600_000))
  await db.query(sql`
    insert into skipped (job_id, from_at, to_at, count, policy)
    values (${uuid}, ${hour(11)}, ${hour(6)}, 6, 'MISFIRE'), (${uuid}, ${hour(3)}, ${hour(0)}, 4, 'PAUSED')`)
  await db.query(sql`
    insert into runs_done (job_id, scheduled_at, due_at, finished_at, done, status, attempt,
                           max_attempts, recurring, owner, tzdata)
    select ${uuid}::uuid, at, at, at, true, 'SUCCEEDED', 1, 3, true, 'alice', 'test'
      from unnest(${[hour(6), text(instant(Date.parse(hour(2)) + 1_000))]}::timestamptz[]) as at`)
  const { code, lines } = await verify([])
  assert.equal(code, 1)
  assert.deepEqual(lines.slice(0, 4), [
    `GAP ${job.jobId} ${hour(5)} to ${hour(4)} (2 fire times)`,
    `DUPLICATE ${job.jobId} ${hour(6)}`,
    `UNEXPECTED ${job.jobId} ${text(instant(Date.parse(hour(2)) + 1_000))}`,
    `STALLED ${job.jobId} should fire again, and no run waits that will`,
  ])
  assert.equal(lines.at(-1), '2 missing, 1 repeated, 1 unexpected, 1 stalled, 0 against the rules')
})

test('a wrong call is told how to be right, with exit code 2', async () => {
  for (const args of [['--since', 'yesterday'], ['--sinze', '1d'], ['today']]) {
    const { code, errors } = await verify(args)
    assert.equal(code, 2, args.join(' '))
    assert.match(errors, /Usage: npx cronos verify/)
  }
  const { code, lines } = await verify(['--help'])
  assert.equal(code, 0)
  assert.match(lines[0]!, /^Usage/)
})

test('what cannot be verified is told in one line, with exit code 3', async () => {
  const nowhere = await verify([], { CRONOS_DATA: '/nowhere/at/all' })
  assert.equal(nowhere.code, 3)
  assert.match(nowhere.errors, /^cronos verify: there are no jobs in the data folder \/nowhere/)
  const away = await verify([], { ...CONFIGURED, CONFIGS_JOBDB_URL: 'postgres://127.0.0.1:1/' })
  assert.equal(away.code, 3)
  assert.match(away.errors, /^cronos verify: the database does not answer: .*\n$/)
})
