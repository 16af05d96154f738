import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { stat, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { anImmediateMail, ask, type Body, eventually, jobsUrl, signIn, signUp } from './api.ts'
import { aHome, isAlive, killAndWait } from './cronos-process.ts'

const execute = promisify(execFile)

test('the first start makes a data folder that only its owner can look into', async () => {
  await using home = await aHome()
  await home.start()
  const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)
  assert.equal(await modeOf(home.data), '700')
  assert.equal(await modeOf(join(home.data, 'secrets.properties')), '600')
})

test('every service is UP, at its own port and on the one origin', async () => {
  await using home = await aHome()
  const { origin } = await home.start()
  const { gateway, ...services } = origin
  assert.equal(Object.keys(services).length, 5)
  const up = { status: 'UP' }
  for (const [name, own] of Object.entries(services))
    for (const url of [`${own}/health`, `${own}/${name}/health`, `${gateway}/${name}/health`])
      assert.deepEqual(await ask(url, null), up)
  assert.deepEqual(await ask(`${gateway}/health`, null), up)
  assert.equal((await ask(gateway, null)).services['job-service'].docs, '/job-service/docs')
  const { paths } = await ask(`${gateway}/job-service/openapi.json`, null)
  assert.ok('/job-service/api/v1/jobs' in paths)
})

test('the one origin knows only the paths of Cronos', async () => {
  await using home = await aHome()
  const { origin } = await home.start()
  const response = await fetch(`${origin.gateway}/nowhere`)
  const { status, error, path } = (await response.json()) as Body
  assert.deepEqual({ status, error, path }, { status: 404, error: 'Not Found', path: '/nowhere' })
})

const hasCurl = await execute('curl', ['--version']).then(
  () => true,
  () => false,
)
test('the example that is shown works as it is', { skip: !hasCurl && 'no curl' }, async () => {
  await using home = await aHome()
  const cronos = await home.start()
  const example = cronos.output.split('at once:\n')[1]!
  const { stdout } = await execute('bash', ['-c', example])
  assert.match(stdout, /"status":"SUCCESS"/)
  assert.match(stdout, /"jobId":"job_[^"]+","status":"SCHEDULED"/)
  const token = await signIn(cronos)
  const mails = () => ask(`${cronos.origin['job-service']}/job-service/api/v1/mails`, token)
  const [mail] = await eventually(mails, found => found.length === 1)
  assert.deepEqual(mail.to, ['alice@example.com'])
})

test('a second start finds all data, and tokens of the first are still good', async () => {
  await using home = await aHome()
  const first = await home.start()
  await signUp(first)
  const token = await signIn(first)
  const { jobId } = await ask(jobsUrl(first), token, {
    ...anImmediateMail,
    executionMode: 'SCHEDULED',
    runAt: '2099-01-01T00:00:00Z',
  })
  await first.end('SIGTERM')

  const second = await home.start()
  const [job] = await ask(jobsUrl(second), token)
  assert.equal(job.jobId, jobId)
  assert.equal(typeof (await signIn(second)), 'string')
})

test('SIGTERM stops everything, PostgreSQL too', async () => {
  await using home = await aHome()
  const cronos = await home.start()
  const postgres = await home.postgresPid()
  assert.deepEqual(await cronos.end('SIGTERM'), { code: 0, errors: [] })
  assert.equal(await isAlive(postgres!), false)
})

test('SIGTERM before it is ready stops everything, too', async () => {
  await using home = await aHome()
  const first = await home.start() // so that there is a PostgreSQL to start
  await first.end('SIGTERM')
  const ended = home.fail()
  await eventually(home.postgresPid, pid => pid !== null)
  home.signal('SIGTERM')
  assert.deepEqual(await ended, { code: 0, errors: [] })
  assert.equal(await home.postgresPid(), null)
})

test('after kill -9 of everything the next start goes on where it was', async () => {
  await using home = await aHome()
  const first = await home.start()
  await signUp(first)
  const token = await signIn(first)
  const created = Array.from({ length: 20 }, () => ask(jobsUrl(first), token, anImmediateMail))
  await Promise.all(created)
  const postgres = await home.postgresPid()
  await first.end('SIGKILL')
  await killAndWait(postgres!)

  const second = await home.start()
  const unfinished = () => ask(`${jobsUrl(second)}?size=100&status=COMPLETED`, token)
  const completed = await eventually(unfinished, jobs => jobs.length === 20)
  assert.equal(completed.length, 20)
})

test('after kill -9 of Cronos alone the next start takes over its PostgreSQL', async () => {
  await using home = await aHome()
  const first = await home.start()
  const postgres = await home.postgresPid()
  await first.end('SIGKILL')
  assert.equal(await isAlive(postgres!), true)
  const second = await home.start()
  assert.equal(await home.postgresPid(), postgres)
  await second.end('SIGTERM')
  assert.equal(await isAlive(postgres!), false)
})

test('a port that is taken costs one line, and nothing is left running', async () => {
  await using home = await aHome()
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const { code, errors } = await home.fail({ CONFIGS_SERVER_PORTS_JOB: String(port) })
  other.close()
  assert.deepEqual(errors, [
    `cronos: port ${port} on 127.0.0.1 is taken by another process; ` +
      'configs.server.ports.job (or CONFIGS_SERVER_PORTS_JOB) sets another',
  ])
  assert.equal(code, 1)
  assert.equal(await home.postgresPid(), null)
})

test('a data folder in use costs one line, and the one that uses it goes on', async () => {
  await using home = await aHome()
  const first = await home.start()
  const { code, errors } = await home.fail()
  assert.deepEqual(errors.length, 1)
  assert.match(errors[0]!, new RegExp(`data folder .* is in use by .* \\(pid ${first.pid}\\)`))
  assert.equal(code, 1)
  assert.deepEqual(await ask(`${first.origin.gateway}/health`, null), { status: 'UP' })
})

test('a data folder that cannot be one costs one line', async () => {
  await using home = await aHome()
  await writeFile(home.data, 'a file')
  const { code, errors } = await home.fail()
  const line = `cronos: the data folder ${home.data} is no folder; CRONOS_DATA names another`
  assert.deepEqual(errors, [line])
  assert.equal(code, 1)
})

test('each mistake in the configuration is told in one line, however many services it hits', async () => {
  await using home = await aHome()
  const { errors } = await home.fail({
    SECRETS_JWT_SECRET: 'short',
    CONFIGS_EXECUTOR_SLOTS: 'many',
  })
  assert.deepEqual(errors.map(line => line.split(' must')[0]).sort(), [
    'cronos: configs.executor.slots',
    'cronos: secrets.jwt.secret',
  ])
})

test('one database that is configured without the other is a mistake', async () => {
  await using home = await aHome()
  const { errors } = await home.fail({ CONFIGS_JOBDB_URL: 'jdbc:postgresql://db.example:5432/' })
  assert.match(errors.join('\n'), /configs\.userDb\.url must be given/)
})
