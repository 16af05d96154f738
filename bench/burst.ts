/**
 * How fast jobs are served that are all due at one instant, beside River where Go is:
 *
 *     node bench/burst.ts [jobs, 5000] [rounds, 5]
 *
 * River moves scheduled jobs every few seconds, so its jobs are inserted at the instant, with its
 * workers ready; the time is from the insert's end.
 *
 * Each round begins with new processes. Cronos has a second burst in them, for when the code that
 * runs has been compiled for speed: River's was before it began.
 */
import { instant } from '@cronos/domain'
import { readNow } from '@cronos/store'
import { atInstant } from '@cronos/testkit'
import { type CronosBus, fill, readLateness, startCronos, untilRecorded } from './cronos.ts'
import { publish } from './measure/report.ts'
import { openStage } from './measure/stage.ts'
import { median, shown, spread } from './measure/statistics.ts'
import { startWorker } from './measure/worker-process.ts'
import { buildRiver, emptyDatabase } from './peers.ts'

const jobs = Number(process.argv[2] ?? 5_000)
const rounds = Number(process.argv[3] ?? 5)
/** Enough to store them all before they are due. */
const HEAD_START_MS = 5_000

interface Burst {
  readonly first: number
  readonly all: number
  /** Of the second burst in the same processes. */
  readonly again?: { readonly first: number; readonly all: number }
}

await using stage = await openStage({ withKafka: true })
const river = await buildRiver()
const contenders: Readonly<Record<string, () => Promise<Burst>>> = {
  'Cronos, Kafka': () => cronosBurst('kafka'),
  'Cronos, embedded': () => cronosBurst('embedded'),
  ...(river === null ? {} : { River: () => riverBurst(river) }),
}
const names = Object.keys(contenders)
const measured = new Map<string, Burst[]>(names.map(name => [name, []]))
for (let round = 1; round <= rounds; round++)
  for (const name of names) {
    const burst = await contenders[name]!()
    measured.get(name)!.push(burst)
    console.log(
      `${round} ${name.padEnd(16)} first ${shown(burst.first, 1)} ms, all ${shown(burst.all)} ms`,
    )
  }

publish({
  name: 'burst',
  what: `${shown(jobs)} jobs due at one instant, ${rounds} interleaved rounds`,
  rows: names.map(name => {
    const bursts = measured.get(name)!
    const all = bursts.map(each => each.all)
    const again = bursts.flatMap(each => each.again ?? [])
    return {
      contender: name,
      'first start (goal 20 ms)': `${shown(median(bursts.map(each => each.first)), 1)} ms`,
      'all recorded, median': `${shown(median(all))} ms`,
      spread: spread(all),
      ...(again.length > 0 && {
        'second burst: first start': `${shown(median(again.map(each => each.first)), 1)} ms`,
        'all recorded': `${shown(median(again.map(each => each.all)))} ms`,
      }),
    }
  }),
  figures: Object.fromEntries(measured),
})

async function cronosBurst(bus: CronosBus): Promise<Burst> {
  await using cronos = await startCronos(bus, stage, jobs, () => Promise.resolve())
  cronos.go()
  const burst = async (recorded: number) => {
    const at = (await readNow(cronos.db)) + HEAD_START_MS
    await fill(cronos.db, jobs, () => atInstant(instant(at)))
    if ((await readNow(cronos.db)) > at) throw new Error('storing the jobs took too long')
    await untilRecorded(cronos.db, recorded + jobs)
    const { first, allRecorded } = await readLateness(cronos.db, at)
    return { first, all: allRecorded }
  }
  const once = await burst(0)
  return { ...once, again: await burst(jobs) }
}

async function riverBurst(program: string): Promise<Burst> {
  await using database = await emptyDatabase()
  await using worker = await startWorker(program, ['burst', database.peerUrl, String(jobs)])
  worker.say('go')
  await worker.hears('inserted')
  const begin = performance.now()
  await worker.hears('recorded')
  return { first: Number.NaN, all: performance.now() - begin }
}
