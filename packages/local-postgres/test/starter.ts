/** A Cronos that only looks after a PostgreSQL, until its standard input ends or it is killed. */
import { startLocalPostgres } from '../src/index.ts'

export type StarterMessage = { url: string; password: string } | { error: string }

const log = { info: () => {}, warn: () => {} }
try {
  await using postgres = await startLocalPostgres({
    dataDir: process.argv[2]!,
    durable: false,
    log,
  })
  const { url, password } = postgres
  tell({ url, password })
  await new Promise(resolve => process.stdin.resume().once('close', resolve))
} catch (error) {
  tell({ error: (error as Error).message })
}

function tell(message: StarterMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}
