import { glob } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { startTestKafka, startTestPostgres } from '@cronos/testkit'
import type { Tally } from './tally.ts'

/** Tests of one room, beside its code. */
const ROOM_TESTS = '{packages,services,apps,tools}/**/*.test.ts'
/** Tests of what no single room can prove; they start processes and want the machine to themselves. */
const WHOLE_TESTS = 'tests/**/*.test.ts'

/** A test file that takes longer than this hangs, in milliseconds. */
const FILE_TIMEOUT_MS = 300_000

export interface TestFiles {
  readonly rooms: readonly string[]
  readonly whole: readonly string[]
}

/** @param parts of paths; a file is chosen when one of them is in its path, or when there are none */
export async function findTests(root: string, parts: readonly string[]): Promise<TestFiles> {
  const chosen = async (pattern: string) => {
    const files = await Array.fromAsync(glob(pattern, { cwd: root, exclude: isInstalled }))
    return files
      .filter(file => parts.length === 0 || parts.some(part => file.includes(part)))
      .sort()
  }
  return { rooms: await chosen(ROOM_TESTS), whole: await chosen(WHOLE_TESTS) }
}

function isInstalled(path: string): boolean {
  return path.includes('node_modules')
}

/** Runs the test files, each in a process of its own, on servers that are thrown away. */
export async function runTests(root: string, { rooms, whole }: TestFiles): Promise<Tally[]> {
  if (rooms.length + whole.length === 0) return []
  await using postgres = await startTestPostgres()
  Object.assign(process.env, postgres.environment)
  await using _kafka = await shareKafka([...rooms, ...whole])
  return [await runFiles(root, rooms, availableParallelism()), await runFiles(root, whole, 1)]
}

/**
 * One broker for the files that need one, where some do and the environment names none. Where it
 * cannot be started each of them tries by itself, and fails with what is missing; the others run.
 */
async function shareKafka(files: readonly string[]): Promise<AsyncDisposable | null> {
  const isNeeded = files.some(file => file.endsWith('.bus.test.ts'))
  if (!isNeeded || process.env['KAFKA_BOOTSTRAP_SERVERS']) return null
  try {
    const kafka = await startTestKafka()
    Object.assign(process.env, kafka.environment)
    return kafka
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return null
  }
}

/**
 * Runs test files; what they have to say goes to our output. A file that says nothing for longer
 * than any may take, because something it left open keeps its process, is ended with the run: it has
 * failed.
 */
export async function runFiles(
  root: string,
  files: readonly string[],
  concurrency: number,
  silenceMs = FILE_TIMEOUT_MS + 30_000,
): Promise<Tally> {
  if (files.length === 0) return { passed: 0, failed: 0 }
  const silent = new AbortController()
  const watchdog = setTimeout(() => {
    console.error(
      `no test file has said anything for ${silenceMs / 1_000} s: something is left open`,
    )
    silent.abort()
  }, silenceMs)
  const events = run({
    cwd: root,
    signal: silent.signal,
    files: files.map(file => join(root, file)),
    concurrency,
    timeout: FILE_TIMEOUT_MS,
  })
  let tally: Tally | undefined
  events.on('test:summary', ({ file, counts }) => {
    if (file !== undefined) return // that of one file; the last one is for all of them
    const { passed, tests, skipped, todo } = counts
    tally = { passed, failed: tests - passed - skipped - todo } // cancelled ones have failed too
  })
  events.on('data', () => watchdog.refresh())
  try {
    for await (const text of events.compose(new spec())) process.stdout.write(text)
  } finally {
    clearTimeout(watchdog)
  }
  if (tally === undefined) throw new Error('the test runner ended without a summary')
  return tally
}
