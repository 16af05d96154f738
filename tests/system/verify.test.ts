import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { anImmediateMail, ask, eventually, jobsUrl, signIn, signUp } from './api.ts'
import { aHome } from './cronos-process.ts'

const MAIN = fileURLToPath(new URL('../../apps/cronos/src/verify/main.ts', import.meta.url))

function verify(data: string): Promise<{ output: string; code: number }> {
  return new Promise(resolve => {
    const env = { ...process.env, CRONOS_DATA: data, CRONOS_CONFIG_DIR: data }
    execFile(process.execPath, [MAIN, '--since', '1d'], { env }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : 0
      resolve({ output: stdout + stderr, code })
    })
  })
}

test('what the all-in-one process did is verified while it runs, and after it has stopped', async () => {
  await using home = await aHome()
  const cronos = await home.start()
  await signUp(cronos)
  const token = await signIn(cronos)
  const { jobId } = await ask(jobsUrl(cronos), token, anImmediateMail)
  const payload = anImmediateMail.payload
  const cronExpression = '* * * * * *'
  await ask(jobsUrl(cronos), token, { jobType: 'RECURRING', cronExpression, payload })
  const status = () => ask(`${jobsUrl(cronos)}/${jobId}`, token)
  await eventually(status, job => job.status === 'COMPLETED')

  const running = await verify(home.data)
  assert.match(running.output, /^2 jobs since/)
  assert.equal(running.code, 0, running.output)
  await cronos.end('SIGTERM')
  const stopped = await verify(home.data)
  assert.match(stopped.output, /^2 jobs since/)
  assert.equal(stopped.code, 0, stopped.output)
  assert.equal(await home.postgresPid(), null)
})
