import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/**
 * A program under measurement. It says `ready` when it could begin, begins when it is told `go`,
 * and tells what it did in further lines. It ends when its standard input does.
 */
export interface WorkerProcess extends AsyncDisposable {
  readonly pid: number
  say(line: string): void
  /** Resolves with the rest of the first line, from now or before, that begins with this word. */
  hears(word: string): Promise<string>
}

/** Starts it, and waits until it is ready. */
export async function startWorker(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<WorkerProcess> {
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const said = new Map<string, PromiseWithResolvers<string>>()
  const wordOf = (word: string) => {
    const known = said.get(word) ?? Promise.withResolvers<string>()
    said.set(word, known)
    return known
  }
  createInterface({ input: child.stdout! }).on('line', line => {
    const [word = '', ...rest] = line.split(' ')
    wordOf(word).resolve(rest.join(' '))
  })
  const ended = exited.then(([code]) => {
    throw new Error(`${program} ${args[0]} ended with ${code}`)
  })
  ended.catch(() => {}) // after the measurement its end is asked for
  const hears = (word: string) => {
    const heard = Promise.race([wordOf(word).promise, ended])
    heard.catch(() => {}) // likewise; who waits for the word is told all the same
    return heard
  }

  await hears('ready')
  return {
    pid: child.pid!,
    say: line => child.stdin!.write(`${line}\n`),
    hears,
    [Symbol.asyncDispose]: () => end(child, exited),
  }
}

const END_MS = 5_000

async function end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  child.stdin!.on('error', () => {}) // it has ended already
  child.stdin!.end()
  const late = setTimeout(() => child.kill('SIGKILL'), END_MS)
  await exited
  clearTimeout(late)
}

/** Runs a program to its end. */
export async function runToEnd(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`)
}

/** What a program says until it ends. */
export async function outputOf(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const chunks = await Array.fromAsync(child.stdout.setEncoding('utf8'))
  return chunks.join('').trim()
}
