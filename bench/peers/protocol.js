/*
 * What a peer's program has in common with the others: `fill` stores jobs, `work` says `ready`,
 * begins at `go`, and says `recorded` when all are done and on record.
 */
import { createInterface } from 'node:readline'

export const JOBS_AT_ONCE = 1_000

/**
 * @param {{ fill(url: string, jobs: number): Promise<void>,
 *   prepare(url: string, onRun: (jobs?: number) => void):
 *     Promise<{ start(): Promise<void>, unfinished(): Promise<number>, stop(): Promise<void> }> }} peer
 */
export async function runPeer(peer) {
  const [command, url, count] = process.argv.slice(2)
  const jobs = Number(count)
  if (command === 'fill') return peer.fill(url, jobs)
  const all = Promise.withResolvers()
  let ran = 0
  const worker = await peer.prepare(url, (more = 1) => {
    ran += more
    if (ran >= jobs) all.resolve()
  })
  const lines = createInterface({ input: process.stdin })
  lines.on('line', async () => {
    await worker.start()
    await all.promise
    while ((await worker.unfinished()) > 0) await new Promise(resolve => setTimeout(resolve, 5))
    console.log('recorded')
  })
  lines.on('close', async () => {
    await worker.stop()
    process.exit(0)
  })
  console.log('ready')
}
