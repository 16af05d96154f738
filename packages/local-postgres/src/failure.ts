/** Why PostgreSQL cannot be had, in one line for the person who started Cronos. */
export class LocalPostgresError extends Error {
  override readonly name = 'LocalPostgresError'
}

/** A full disk has several faces in PostgreSQL's messages. */
const DISK_FULL = /No space left on device|Check free disk space/
/** What the line that matters begins with, or says. */
const SEVERE = /FATAL|PANIC|initdb: error|could not/

/** Says in one line why a program gave up, by what it has written. */
export function causeIn(output: string): string {
  if (DISK_FULL.test(output)) return 'no space is left on the disk'
  const lines = output.split('\n').map(line => line.trim())
  const line = lines.findLast(line => SEVERE.test(line)) ?? lines.findLast(Boolean)
  return line?.replace(/^.*?\[\d+\]\s+/, '') ?? 'it said nothing' // without time and process id
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
