/**
 * How soon jobs start, seen from outside: against a running Cronos on this machine (its clock and the
 * database's must be one).
 *
 *     npm start                                     # in another terminal
 *     node bench/start-latency.ts [http://localhost:8086] [seconds of schedule, 20]
 *
 * Prints how long after their 201 immediate jobs start, one at a time on an idle system, and how late
 * jobs start that are scheduled 50 a second at random milliseconds.
 */

const origin = process.argv[2] ?? 'http://localhost:8086'
const seconds = Number(process.argv[3] ?? 20)
const IMMEDIATE = 100
const PER_SECOND = 50

const name = `bench-${Date.now()}`
const password = 'correct-horse-7'

async function call<Answer>(path: string, body?: object, token?: string): Promise<Answer> {
  const response = await fetch(`${origin}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Answer
}

const email = `${name}@example.com`
await call('/user-service/api/v1/user/signup', { username: name, password, email })
const { token } = await call<{ token: string }>('/auth-service/api/v1/auth/signin', {
  ...{ username: name, password },
})

interface Run {
  readonly scheduledAt: string
  readonly startedAt: string | null
}

async function firstRun(jobId: string): Promise<Run & { startedAt: string }> {
  for (;;) {
    const [run] = await call<Run[]>(`/job-service/api/v1/jobs/${jobId}/runs`, undefined, token)
    if (run !== undefined && run.startedAt !== null) return { ...run, startedAt: run.startedAt }
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

const payload = { task: 'send_email', template: 'bench' }
const create = (body: object) =>
  call<{ jobId: string }>(
    '/job-service/api/v1/jobs',
    { jobType: 'ONE_TIME', payload, ...body },
    token,
  )

const delays: number[] = []
for (let n = 0; n < IMMEDIATE; n++) {
  const { jobId } = await create({ executionMode: 'IMMEDIATE' })
  const answeredAt = Date.now()
  delays.push(Date.parse((await firstRun(jobId)).startedAt) - answeredAt)
  await new Promise(resolve => setTimeout(resolve, 50))
}
show(`immediate jobs, start after 201 (${IMMEDIATE}, idle)`, delays)

const begin = Date.now() + 5_000
const jobs: string[] = []
for (let n = 0; n < seconds * PER_SECOND; n += 50) {
  const batch = Array.from({ length: 50 }, () => {
    const runAt = new Date(begin + Math.random() * seconds * 1_000).toISOString()
    return create({ executionMode: 'SCHEDULED', runAt })
  })
  jobs.push(...(await Promise.all(batch)).map(job => job.jobId))
}
await new Promise(resolve => setTimeout(resolve, begin - Date.now() + seconds * 1_000 + 2_000))
const lateness: number[] = []
for (const jobId of jobs) {
  const { scheduledAt, startedAt } = await firstRun(jobId)
  lateness.push(Date.parse(startedAt) - Date.parse(scheduledAt))
}
show(`scheduled jobs, lateness (${jobs.length}, ${PER_SECOND}/s)`, lateness)

function show(what: string, ms: number[]): void {
  const sorted = ms.toSorted((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  console.log(
    `${what}: min ${sorted[0]} ms, median ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${sorted.at(-1)} ms`,
  )
}
