/** Something took longer than it may. Whether it still happens is not known. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
}

/**
 * Waits for the work, but no longer than the deadline.
 *
 * @param what completes "… took longer than n ms"
 * @throws {DeadlineError} when it passes; a later failure of the work is then nobody's concern
 */
export async function withDeadline<T>(what: string, ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(`${what} took longer than ${ms} ms`)), ms)
  })
  work.catch(() => {}) // one that fails after the deadline
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
