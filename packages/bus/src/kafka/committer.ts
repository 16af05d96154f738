import type { Consumer } from '@platformatic/kafka'
import { withDeadline } from './deadline.ts'
import type { PartitionOffsets } from './offsets.ts'
import type { BusLog } from './options.ts'

/** Commits what is settled, by and by. Disposing of it commits what is left. */
export interface Committer extends AsyncDisposable {
  /** Something was settled. */
  settled(): void
}

/** Commits are gathered for so long: repeats are harmless, a request for each event is not. */
const GATHER_MS = 50
const REST_MS = 1_000
const LAST_MS = 2_000

/**
 * @param partitions those that are ours now, by number
 */
export function openCommitter(
  consumer: Pick<Consumer, 'commit' | 'isActive'>,
  topic: string,
  partitions: ReadonlyMap<number, PartitionOffsets>,
  log: BusLog,
): Committer {
  const committed = new WeakMap<PartitionOffsets, number>()
  let timer: NodeJS.Timeout | undefined
  let committing: Promise<void> | undefined
  let isClosed = false

  return {
    settled: () => commitIn(GATHER_MS),
    async [Symbol.asyncDispose]() {
      isClosed = true
      clearTimeout(timer)
      await withDeadline('the last commit', LAST_MS, commitLast()).catch(error =>
        log.debug({ err: error }, 'the last offsets were not committed; repeats are refused'),
      )
    },
  }

  function commitIn(ms: number): void {
    if (isClosed) return // a commit that hung may end long after
    timer ??= setTimeout(() => {
      timer = undefined
      committing ??= commit()
        .catch(error => {
          log.debug({ err: error }, 'offsets were not committed, trying again')
          commitIn(REST_MS)
        })
        .finally(() => {
          committing = undefined
          if (movedPartitions().length > 0) commitIn(GATHER_MS)
        })
    }, ms)
  }

  async function commitLast(): Promise<void> {
    await committing
    await commit()
  }

  async function commit(): Promise<void> {
    const moved = movedPartitions()
    // While the group deals out its partitions a commit would wait behind that, then be refused, and
    // the client answers a refusal by joining again, which makes the group begin anew.
    if (moved.length === 0 || !consumer.isActive()) return
    const offsets = moved.map(({ partition, position }) => ({
      ...{ topic, partition, offset: BigInt(position) },
      leaderEpoch: -1, // not known
    }))
    await consumer.commit({ offsets })
    for (const { offsets, position } of moved) committed.set(offsets, position)
  }

  function movedPartitions() {
    return [...partitions].flatMap(([partition, offsets]) => {
      const { position } = offsets
      return position === null || position === committed.get(offsets)
        ? []
        : [{ partition, offsets, position }]
    })
  }
}
