/** Why PostgreSQL cannot be had, in one line for the person who started Cronos. */
export class LocalPostgresError extends Error {
  override readonly name = 'LocalPostgresError'
}

/** What initdb and postgres write before the one line that matters. */
const SEVERE = /(?:FATAL|PANIC|initdb: error|could not|No space left)/

/** Finds the line of a program's output that says why it gave up; the last one counts. */
export function causeIn(output: string): string {
  const lines = output.split('\n').map(line => line.trim())
  const severe = lines.filter(line => SEVERE.test(line))
  const line = severe.at(-1) ?? lines.filter(Boolean).at(-1) ?? 'it said nothing'
  return line.replace(/^.*?\[\d+\]\s+/, '') // the time and process id that stand before it
}

/** Gives a failure of the file system a sentence that names the folder. */
export function folderFailure(folder: string, error: unknown): LocalPostgresError {
  const { code, message } = error as NodeJS.ErrnoException
  const cause = { cause: error }
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new LocalPostgresError(
        `the data folder ${folder} cannot be written by this user (${code})`,
        cause,
      )
    case 'ENOSPC':
    case 'EDQUOT':
      return new LocalPostgresError(`no space is left for the data folder ${folder}`, cause)
    default:
      return new LocalPostgresError(`the data folder ${folder} cannot be used: ${message}`, cause)
  }
}
