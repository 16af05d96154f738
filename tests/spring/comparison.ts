import { instant, loadZone, nextFire, parseCron } from '../../packages/domain/src/index.ts'
import { randomCase, type ZoneChanges } from './cases.ts'
import { type Departure, explain } from './departures.ts'
import type { Answer, Case, Judge, Verdict } from './judge.ts'
import { randomOf } from './random.ts'

/** Clocks of all kinds: changed by whole, half and other parts of an hour, at midnight, by a day. */
export const comparedZones = [
  'UTC',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Africa/Monrovia',
  'America/Caracas',
  'America/Havana',
  'America/Los_Angeles',
  'America/New_York',
  'America/Santiago',
  'America/Sao_Paulo',
  'America/St_Johns',
  'Antarctica/Casey',
  'Antarctica/Troll',
  'Asia/Beirut',
  'Asia/Gaza',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Asia/Pyongyang',
  'Asia/Tehran',
  'Asia/Tokyo',
  'Australia/Lord_Howe',
  'Australia/Sydney',
  'Europe/Berlin',
  'Europe/Dublin',
  'Europe/Lisbon',
  'Europe/London',
  'Europe/Moscow',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Pacific/Kwajalein',
] as const

/** Random instants lie in 1970 to 2100; their next fires may lie a little later. */
const FROM = Date.UTC(1970, 0, 1)
const TO = Date.UTC(2110, 0, 1)
const BATCH = 5_000

/** A case on which Cronos is not of Spring's opinion. */
export interface Difference extends Case, Verdict {
  readonly ours: Answer
}

export interface Comparison {
  readonly cases: number
  readonly invalid: number
  readonly never: number
  /** Known departures from Spring: how many, and the first of them. */
  readonly departures: ReadonlyMap<Departure, { count: number; readonly first: Difference }>
  /** What no departure explains: mistakes of Cronos. */
  readonly differences: readonly Difference[]
}

/** The zones whose clock changes Java and Node know alike, and the others. */
export async function shareZones(
  judge: Judge,
  ids: readonly string[],
): Promise<{ shared: ZoneChanges[]; disputed: string[] }> {
  const shared: ZoneChanges[] = []
  const disputed: string[] = []
  for (const id of ids) {
    const changes = clockChanges(id)
    const theirs = await judge.changes(id, FROM, TO)
    if (changes.join() === theirs?.join()) shared.push({ id, changes })
    else disputed.push(id)
  }
  return { shared, disputed }
}

/** Asks Cronos and Spring the same random questions; the same seed asks the same. */
export async function compareWithSpring(
  judge: Judge,
  zones: readonly ZoneChanges[],
  { cases, seed }: { cases: number; seed: number },
): Promise<Comparison> {
  const random = randomOf(seed)
  const departures = new Map<Departure, { count: number; readonly first: Difference }>()
  const differences: Difference[] = []
  let invalid = 0
  let never = 0
  for (let done = 0; done < cases; done += BATCH) {
    const asked = Array.from({ length: Math.min(BATCH, cases - done) }, () =>
      randomCase(random, zones),
    )
    const verdicts = await judge.next(asked)
    for (const [index, question] of asked.entries()) {
      const ours = answerOf(question)
      const verdict = verdicts[index]!
      if (ours === 'invalid') invalid++
      if (ours === 'never') never++
      if (ours === verdict.spring) continue
      const difference = { ...question, ...verdict, ours }
      const departure = explain(question, ours, verdict)
      const known = departure && departures.get(departure)
      if (!departure) differences.push(difference)
      else if (known) known.count++
      else departures.set(departure, { count: 1, first: difference })
    }
  }
  return { cases, invalid, never, departures, differences }
}

/** What Cronos says to a case. */
export function answerOf({ expression, zone, after }: Case): Answer {
  const parsed = parseCron(expression)
  if (!parsed.ok) return 'invalid'
  return nextFire(parsed.cron, loadZone(zone)!, instant(after)) ?? 'never'
}

/** One line that a person can check: `"0 0 0 31W * *" in UTC after …: Cronos …, Spring …`. */
export function describeDifference(found: Difference): string {
  const { expression, zone, after, ours, spring, rule } = found
  const said = `Cronos ${show(ours)}, Spring ${show(spring)}, on the wall clock ${show(rule)}`
  return `${JSON.stringify(expression)} in ${zone} after ${show(after)}: ${said}`
}

function clockChanges(id: string): number[] {
  const zone = loadZone(id)!
  const changes: number[] = []
  let segment = zone.segmentAt(FROM)
  while (segment.until < TO) {
    const next = zone.segmentAt(segment.until)
    if (next.offset !== segment.offset) changes.push(segment.until)
    segment = next
  }
  return changes
}

function show(answer: Answer): string {
  return typeof answer === 'number' ? new Date(answer).toISOString() : answer
}
