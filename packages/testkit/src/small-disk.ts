import { execFile } from 'node:child_process'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A disk that can be full. Disposing of it takes it away with all that is on it. */
export interface SmallDisk extends AsyncDisposable {
  /** Leaves no space, and takes what becomes free, until `free`. */
  fill(): Promise<void>
  free(): Promise<void>
}

/** How often space that others have freed is taken, in milliseconds. */
const REFILL_MS = 100
const CHUNK = Buffer.alloc(1 << 20)

/**
 * Mounts a file system in memory.
 *
 * @throws where this user cannot mount one, or the system has no such thing
 */
export async function mountSmallDisk(folder: string, megabytes: number): Promise<SmallDisk> {
  await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'cronos-test', folder])
  const ballast = join(folder, 'ballast')
  let filling: { readonly stop: () => void; readonly done: Promise<void> } | null = null

  async function free(): Promise<void> {
    filling?.stop()
    await filling?.done
    filling = null
    await rm(ballast, { force: true })
  }

  return {
    free,
    async fill() {
      const stop = new AbortController()
      await topUp(ballast)
      filling = { stop: () => stop.abort(), done: keepFull(ballast, stop.signal) }
    },
    async [Symbol.asyncDispose]() {
      await free()
      await run('umount', ['--lazy', folder]) // whoever still ends there does not keep it
    },
  }
}

async function keepFull(ballast: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await topUp(ballast)
    await new Promise(resolve => setTimeout(resolve, REFILL_MS))
  }
}

/** Appends until nothing fits any more, not even a byte. */
async function topUp(ballast: string): Promise<void> {
  await using file = await open(ballast, 'a')
  for (let size = CHUNK.length; size >= 1; ) {
    try {
      const { bytesWritten } = await file.write(CHUNK, 0, size)
      if (bytesWritten < size) size = Math.max(1, size >> 1)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      size >>= 1
    }
  }
}
