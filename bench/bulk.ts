/**
 * Prints how long bulk creations take from request to 201, and for how long they hold up others:
 * `node bench/bulk.ts <job-service> <access token> [rounds]`, such as `http://127.0.0.1:8082/job-service`.
 * The jobs are due in the year 2099: delete them, or use a database that may go.
 */

const [service = 'http://127.0.0.1:8082/job-service', token = '', rounds = '5'] =
  process.argv.slice(2)
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
const payload = { task: 'send_email', template: 'sending email job now' }
const start = Date.UTC(2099, 0, 1)

const kinds: Readonly<Record<string, (n: number) => object>> = {
  scheduled: n => ({
    ...{ jobType: 'ONE_TIME', executionMode: 'SCHEDULED', payload },
    runAt: new Date(start + n * 1_000).toISOString(),
  }),
  recurring: n => ({
    ...{ jobType: 'RECURRING', payload, startAt: '2099-01-01T00:00:00Z' },
    cronExpression: `${n % 60} ${Math.floor(n / 60) % 60} ${n % 24} * * MON-FRI`,
    timeZone: n % 2 === 0 ? 'Europe/Berlin' : 'America/New_York',
  }),
  'with all policies': n => ({
    ...{ jobType: 'RECURRING', payload, every: 'PT24H', anchorAt: '2099-01-01T00:00:00Z' },
    ...{ name: `report ${n}`, tags: ['bench', `tenant-${n % 100}`], priority: 'LOW' },
    ...{ timeout: 'PT1M', overlap: 'queue', misfire: 'skip', spread: 'PT10M', onLost: 'hold' },
    retry: { maxAttempts: 5, backoff: 'linear', base: 'PT2S', cap: 'PT1M', jitter: 1 },
  }),
}

for (const count of [1_000, 10_000])
  for (const [kind, job] of Object.entries(kinds))
    for (const key of [false, true]) {
      const body = JSON.stringify({ jobs: Array.from({ length: count }, (_, n) => job(n)) })
      const times: number[] = []
      const held: number[] = []
      for (let round = 0; round < Number(rounds); round++) {
        const { ms, heldMs } = await create(body, key)
        times.push(ms)
        held.push(heldMs)
      }
      console.log(
        `${count} ${kind}${key ? ', with a key' : ''} (${(body.length / 1e6).toFixed(1)} MB): ` +
          `${show(times)} to 201; another request waited ${show(held)}`,
      )
    }

/** One bulk, and beside it health checks one after the other: the slowest says who was held up. */
async function create(body: string, key: boolean): Promise<{ ms: number; heldMs: number }> {
  let isDone = false
  let heldMs = 0
  const others = (async () => {
    while (!isDone) {
      const began = performance.now()
      await (await fetch(`${service}/health/live`)).arrayBuffer()
      heldMs = Math.max(heldMs, performance.now() - began)
    }
  })()
  const began = performance.now()
  const answer = await fetch(`${service}/api/v1/jobs/bulk`, {
    method: 'POST',
    headers: key ? { ...headers, 'idempotency-key': crypto.randomUUID() } : headers,
    body,
  })
  const text = await answer.text()
  const ms = performance.now() - began
  isDone = true
  await others
  if (answer.status !== 201) throw new Error(`${answer.status} ${text.slice(0, 200)}`)
  return { ms, heldMs }
}

function show(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)]!
  return `${median.toFixed(0)} ms (max ${sorted.at(-1)!.toFixed(0)})`
}
