import type { Logger } from 'pino'

/** Resolves when what it checks can be worked with; rejects with what is wrong. */
export type Check = () => Promise<void>

export interface HealthReport {
  readonly status: 'UP' | 'DOWN'
  /** Each check by name, where one is DOWN. It names what is missing and tells no detail. */
  readonly checks?: Readonly<Record<string, 'UP' | 'DOWN'>>
}

/** A check that has not answered by then counts as failed, in milliseconds. */
const CHECK_TIMEOUT_MS = 2_000

/** A report is good for this long, so that a flood of probes is no flood of queries. */
const AGE_MS = { UP: 1_000, DOWN: 200 } as const

/**
 * Asks all checks at once. Probes that come meanwhile, or soon after, share the answer. What is
 * wrong is logged when it begins and when it ends, not at each probe.
 */
export function healthOf(
  checks: Readonly<Record<string, Check>>,
  log: Logger,
): () => Promise<HealthReport> {
  const failing = new Set<string>()
  let report: Promise<HealthReport> | undefined
  let goodUntil = Number.POSITIVE_INFINITY // a report that is still being made is shared

  return () => {
    if (report === undefined || performance.now() > goodUntil) {
      goodUntil = Number.POSITIVE_INFINITY
      report = ask().then(made => {
        goodUntil = performance.now() + AGE_MS[made.status]
        return made
      })
    }
    return report
  }

  async function ask(): Promise<HealthReport> {
    const answers = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await run(name, check)] as const),
    )
    const isDown = answers.some(([, status]) => status === 'DOWN')
    return isDown ? { status: 'DOWN', checks: Object.fromEntries(answers) } : { status: 'UP' }
  }

  async function run(name: string, check: Check): Promise<'UP' | 'DOWN'> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const error = new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)
      timer = setTimeout(() => reject(error), CHECK_TIMEOUT_MS)
    })
    try {
      await Promise.race([check(), late])
      if (failing.delete(name)) log.info({ check: name }, 'health check is well again')
      return 'UP'
    } catch (error) {
      if (!failing.has(name)) log.warn({ check: name, err: error }, 'health check fails')
      failing.add(name)
      return 'DOWN'
    } finally {
      clearTimeout(timer)
    }
  }
}
