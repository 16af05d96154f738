import { copyFile, stat, truncate } from 'node:fs/promises'

/** A logger of the usual kind. */
export interface Log {
  info(message: string): void
  warn(message: string): void
}

/** PostgreSQL's log is cut beyond this; one older part is kept beside it. */
const MAX_BYTES = 10_000_000

const LOOK_EVERY_MS = 60_000

/** Keeps a log that is only appended to from filling the disk. Disposing of it ends that. */
export function startTrimming(file: string, log: Log): Disposable {
  const timer = setInterval(() => {
    trim(file, MAX_BYTES).catch(error => log.warn(`${file} cannot be cut: ${error.message}`))
  }, LOOK_EVERY_MS).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Moves what `file` holds to `<file>.old` once it is longer than `maxBytes`. */
export async function trim(file: string, maxBytes: number): Promise<void> {
  if ((await stat(file)).size <= maxBytes) return
  await copyFile(file, `${file}.old`)
  await truncate(file) // its writer appends, so it goes on from the new end
}
