import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

/** An instant in epoch milliseconds; or why there is none. */
export type Answer = number | 'never' | 'invalid' | `error ${string}`

/** One question to both sides. */
export interface Case {
  readonly expression: string
  readonly zone: string
  /** In epoch milliseconds. */
  readonly after: number
}

/** What Spring says to a case. */
export interface Verdict {
  /** Spring's class as it is. */
  readonly spring: Answer
  /** Spring's class asked about the wall clock alone, so that no change of the clock confuses it. */
  readonly rule: Answer
}

/** A running Java that answers for Spring. Disposing of it ends it. */
export interface Judge extends AsyncDisposable {
  /** The tzdata that Java has, such as `2025a`. */
  readonly tzdata: string
  next(cases: readonly Case[]): Promise<Verdict[]>
  /** When in [from, to) the clock of a zone is changed; null where Java does not know the zone. */
  changes(zone: string, from: number, to: number): Promise<number[] | null>
}

const here = import.meta.dirname
const jars = join(here, '../../.cronos/spring')
const pom = join(here, 'pom.xml')
const run = promisify(execFile)

/** The version of Spring that judges. */
export const springVersion = /<version>(\d+\.\d+\.\d+)<\/version>/.exec(
  readFileSync(pom, 'utf8'),
)![1]!

/**
 * Fetches Spring's jars where they are not there yet, and starts the judge.
 *
 * @throws with one line that says what to install, where Java or Maven is missing
 */
export async function startJudge(): Promise<Judge> {
  await requireTool(
    'java',
    ['-version'],
    'Java 17 or newer (on Debian: apt install openjdk-17-jdk)',
  )
  await fetchJars()
  const java = spawn('java', ['-cp', join(jars, '*'), join(here, 'Judge.java')])
  const lines = answers(java)

  async function ask(questions: readonly (readonly (string | number)[])[]): Promise<string[]> {
    java.stdin.write(questions.map(words => `${words.join('\t')}\n`).join(''))
    const found: string[] = []
    while (found.length < questions.length) {
      const { done, value } = await lines.next()
      if (done) throw new Error('the judge ended before it had answered')
      found.push(value)
    }
    return found
  }

  const [tzdata] = await ask([['version']])
  return {
    tzdata: tzdata!,
    async next(cases) {
      const found = await ask(cases.map(c => ['next', c.after, c.zone, c.expression]))
      return found.map(line => {
        const [spring, rule] = line.split('\t').map(toAnswer)
        return { spring: spring!, rule: rule! }
      })
    },
    async changes(zone, from, to) {
      const [line] = await ask([['changes', zone, from, to]])
      if (line === 'unknown') return null
      return line!.split(' ').filter(Boolean).map(Number)
    },
    async [Symbol.asyncDispose]() {
      if (java.exitCode !== null) return
      const ended = new Promise(resolve => java.once('close', resolve))
      java.stdin.end()
      await ended
    },
  }
}

/** The judge's answers, and its end as an error with what it said. */
async function* answers(java: ChildProcessWithoutNullStreams): AsyncGenerator<string, void> {
  let complaint = ''
  java.stderr.on('data', chunk => {
    complaint += chunk
  })
  java.stdin.on('error', () => {}) // the end of the process tells more
  yield* createInterface({ input: java.stdout })
  if (complaint) throw new Error(`the judge says: ${complaint}`)
}

function toAnswer(text: string): Answer {
  return /^-?\d+$/.test(text) ? Number(text) : (text as Answer)
}

async function fetchJars(): Promise<void> {
  if (existsSync(join(jars, `spring-context-${springVersion}.jar`))) return
  await requireTool('mvn', ['-v'], 'Maven (on Debian: apt install maven)')
  const fetched = `${jars}-${process.pid}` // takes its name when whole: a broken fetch leaves none
  const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${fetched}`]
  await run('mvn', ['-q', '-B', '-f', pom, ...goal])
  await rm(jars, { recursive: true, force: true })
  await rename(fetched, jars)
}

async function requireTool(name: string, args: string[], what: string): Promise<void> {
  try {
    await run(name, args)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error(`the comparison with Spring needs ${what}`, { cause: error })
  }
}
