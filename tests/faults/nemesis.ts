import { setTimeout as rest } from 'node:timers/promises'
import { sql } from '@cronos/store'
import type { Random } from '../spring/random.ts'
import type { Cluster, Member } from './cluster.ts'

/** Something that goes wrong, and is put right again. */
export interface FaultKind {
  readonly name: string
  /** Whether this cluster can be broken so. */
  readonly isPossible?: (cluster: Cluster) => boolean
  /** Breaks it for a while; resolves when what was broken is there again. */
  strike(cluster: Cluster, random: Random): Promise<void>
}

const oneOf = ({ members }: Cluster, random: Random, ...kinds: Member['kind'][]) =>
  random.pick(members.filter(member => kinds.includes(member.kind)))

/** A time in milliseconds between two multiples of the lease. */
const leases = ({ timing }: Cluster, random: Random, min: number, max: number) =>
  random.from(min * timing.leaseMs, max * timing.leaseMs)

/**
 * It is a fault at the instant of the kill, and one more when the service comes back: while it is
 * away the others must do its work. The only job-service has no other.
 */
const killOne = (kind: Member['kind']): FaultKind => ({
  name: `${kind}-service killed`,
  async strike(cluster, random) {
    const member = oneOf(cluster, random, kind)
    await cluster.during(this.name, member.name, async () => void (await member.end('SIGKILL')))
    await rest(leases(cluster, random, 0.05, 2.5))
    await cluster.during('service coming back', member.name, () => member.start())
  },
})

const killAll: FaultKind = {
  name: 'all services killed at once',
  strike: (cluster, random) =>
    cluster.during(killAll.name, 'all', async () => {
      await Promise.all(cluster.members.map(member => member.end('SIGKILL')))
      await rest(leases(cluster, random, 0.05, 1))
      await Promise.all(cluster.members.map(member => member.start()))
      await cluster.healthy()
    }),
}

const pausePastLease: FaultKind = {
  name: 'service paused past its lease',
  strike(cluster, random) {
    const member = oneOf(cluster, random, 'scheduler', 'executor', 'executor')
    return cluster.during(this.name, member.name, async () => {
      member.signal('SIGSTOP')
      await rest(leases(cluster, random, 1.2, 2))
      member.signal('SIGCONT')
    })
  },
}

const crashPostgres: FaultKind = {
  name: 'PostgreSQL stopped immediately',
  strike: (cluster, random) =>
    cluster.during(crashPostgres.name, 'postgres', async () => {
      for (const { way } of cluster.members) way.refuse()
      await cluster.postgres.crash()
      await rest(leases(cluster, random, 0.02, 0.8))
      await untilThere(cluster)
      for (const { way } of cluster.members) way.pass()
    }),
}

const killKafka: FaultKind = {
  name: 'Kafka killed',
  strike: (cluster, random) =>
    cluster.during(killKafka.name, 'kafka', async () => {
      await cluster.kafka.kill()
      await rest(leases(cluster, random, 0.1, 1))
      await cluster.kafka.start()
      await cluster.healthy()
    }),
}

const cutConnections: FaultKind = {
  name: 'connections cut',
  async strike(cluster, random) {
    const ways = somePlaces(cluster, random)
    const names = ways.map(({ name }) => name).join(', ')
    await cluster.during(this.name, names, async () => {
      for (let times = random.from(1, 5); times > 0; times--) {
        for (const { way } of ways) way.cut()
        await rest(random.from(50, 500))
      }
    })
  },
}

const halfOpen: FaultKind = {
  name: 'connections half open',
  strike(cluster, random) {
    const ways = somePlaces(cluster, random)
    const names = ways.map(({ name }) => name).join(', ')
    const isLost = random.chance(0.5)
    return cluster.during(this.name, names, async () => {
      for (const { way } of ways) way.stall()
      await rest(leases(cluster, random, 0.3, 1.8))
      for (const { way } of ways) {
        if (isLost) way.cut()
        way.pass()
      }
      await cluster.healthy()
    })
  },
}

const slowConnections: FaultKind = {
  name: 'connections slow',
  strike(cluster, random) {
    const ways = somePlaces(cluster, random)
    const names = ways.map(({ name }) => name).join(', ')
    return cluster.during(this.name, names, async () => {
      for (const { way } of ways) way.slow(random.from(50, 400))
      await rest(leases(cluster, random, 0.5, 1.5))
      for (const { way } of ways) way.pass()
    })
  },
}

const fullDisk: FaultKind = {
  name: 'disk of PostgreSQL full',
  isPossible: cluster => cluster.hasSmallDisk,
  strike: (cluster, random) =>
    cluster.during(fullDisk.name, 'postgres', async () => {
      await cluster.postgres.fillDisk()
      // Half of the times the log needs a new file too, which ends PostgreSQL until there is space.
      if (random.chance(0.5)) await switchLog(cluster)
      await rest(leases(cluster, random, 0.3, 0.8))
      await cluster.postgres.freeDisk()
      await untilThere(cluster)
      await cluster.healthy()
    }),
}

const wrongClock: FaultKind = {
  name: 'clock of one service off by minutes',
  strike(cluster, random) {
    const member = oneOf(cluster, random, 'scheduler', 'executor')
    const minutes = random.from(1, 30) * random.pick([-1, 1])
    return cluster.during(this.name, `${member.name}, ${minutes} min`, async () => {
      await member.end('SIGKILL')
      await member.start(minutes * 60_000)
      await rest(leases(cluster, random, 1, 2))
      await member.end('SIGKILL')
      await member.start()
    })
  },
}

const rollingRestart: FaultKind = {
  name: 'rolling restart',
  strike: cluster =>
    cluster.during(rollingRestart.name, 'all', async () => {
      for (const member of cluster.members) {
        await member.end('SIGTERM')
        await member.start()
        while (!(await member.isHealthy())) await rest(50)
      }
    }),
}

/** What goes wrong with Cronos' own services. */
export const serviceFaults: readonly FaultKind[] = [
  ...[killOne('job'), killOne('scheduler'), killOne('executor'), killAll],
  ...[pausePastLease, wrongClock, rollingRestart],
]

/** What goes wrong with what they stand on, and on the way there. */
export const serverFaults: readonly FaultKind[] = [
  ...[crashPostgres, fullDisk, killKafka, cutConnections, halfOpen, slowConnections],
]

export const faultKinds: readonly FaultKind[] = [...serviceFaults, ...serverFaults]

/** One of each at the same time. */
export const twoAtOnce: FaultKind = {
  name: 'two at once',
  async strike(cluster, random) {
    const possible = serverFaults.filter(kind => kind.isPossible?.(cluster) !== false)
    const both = [random.pick(serviceFaults), random.pick(possible)]
    await Promise.all(both.map(kind => kind.strike(cluster, random)))
  },
}

/** The ways to PostgreSQL of one member, of all, or the way to Kafka. */
function somePlaces(cluster: Cluster, random: Random) {
  const { members, kafkaWay } = cluster
  const choice = random.pick(['one', 'all', 'kafka'] as const)
  if (choice === 'kafka') return [{ name: 'to kafka', way: kafkaWay }]
  const chosen = choice === 'all' ? members : [random.pick(members)]
  return chosen.map(({ name, way }) => ({ name: `${name} to postgres`, way }))
}

async function untilThere({ db }: Cluster): Promise<void> {
  for (;;) {
    try {
      await db.query(sql`select 1`)
      return
    } catch {
      await rest(50) // it is on its way back; the runner's limit ends a wait in vain
    }
  }
}

async function switchLog({ db }: Cluster): Promise<void> {
  for (let files = 0; files < 6; files++)
    try {
      await db.query(sql`select pg_switch_wal(), pg_logical_emit_message(false, 'test', 'more')`)
    } catch {
      return // it has ended
    }
}
