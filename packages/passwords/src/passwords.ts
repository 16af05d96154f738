import { randomBytes } from 'node:crypto'
import { CronosError } from '@cronos/contract'
import * as argon2 from '@node-rs/argon2'
import * as bcrypt from '@node-rs/bcrypt'
import { openQueue } from './queue.ts'

/**
 * argon2id with 19 MiB and two passes: some 60 ms.
 * @see OWASP Password Storage Cheat Sheet
 */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** So much memory and time is spent at once: 2 × 19 MiB, and threads are left for other work. */
const WIDTH = 2

/** Some eight seconds of work for two threads; who comes later is told to come back. */
const MAX_WAITING = 256

/** `outdated`: right, but kept as a hash that should be made anew. */
export type Verdict = 'right' | 'outdated' | 'wrong'

/** Hashes and checks passwords, off the event loop and a few at a time. */
export interface Passwords {
  /** Every character counts, however long the password is. */
  hash(password: string): Promise<string>
  /**
   * @param kept argon2id, or bcrypt as an earlier system left it; null for an unknown user, which
   *   takes the time of a wrong password
   */
  check(password: string, kept: string | null): Promise<Verdict>
}

/** Both throw {@link CronosError} TOO_BUSY when too much waits already. */
export function openPasswords(): Passwords {
  const queue = openQueue(
    WIDTH,
    MAX_WAITING,
    () => new CronosError('TOO_BUSY', 'too many sign in at this moment, try again soon'),
  )
  let nobodys: string | undefined

  return {
    hash: password => queue.run(() => argon2.hash(password, COST)),
    check: (password, kept) =>
      queue.run(async () => {
        if (kept?.startsWith('$argon2id$')) {
          if (!(await argon2.verify(kept, password))) return 'wrong'
          return isCurrent(kept) ? 'right' : 'outdated'
        }
        if (kept !== null && /^\$2[abxy]\$/.test(kept))
          return (await bcrypt.verify(password, kept)) ? 'outdated' : 'wrong'
        nobodys ??= await argon2.hash(randomBytes(16), COST)
        await argon2.verify(nobodys, password)
        return 'wrong'
      }),
  }
}

/** `$argon2id$v=19$m=19456,t=2,p=1$…` */
function isCurrent(kept: string): boolean {
  const { memoryCost, timeCost, parallelism } = COST
  return kept.includes(`$m=${memoryCost},t=${timeCost},p=${parallelism}$`)
}
