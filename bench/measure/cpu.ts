import { readdirSync, readFileSync } from 'node:fs'

/** The processes of a measurement by what they are, such as `node` or `postgres`: their roots. */
export type Parts = Readonly<Record<string, readonly number[]>>

/** CPU time in microseconds, of each part with all its descendants. */
export type CpuTimes = Readonly<Record<string, number>>

/** Linux counts CPU time in hundredths of a second, whatever the machine (`getconf CLK_TCK`). */
const TICK_US = 10_000

interface ProcessStat {
  readonly pid: number
  readonly parent: number
  /** Its own time and that of children which have ended. */
  readonly ticks: number
}

/**
 * What the processes have used since they began. Linux only: elsewhere there is no `/proc`.
 *
 * A child that has ended counts in its parent's time, so that short-lived backends are not lost.
 */
export function cpuTimes(parts: Parts): CpuTimes {
  const all = readProcesses()
  return Object.fromEntries(
    Object.entries(parts).map(([name, roots]) => {
      const ticks = familyOf(roots, all).reduce((sum, each) => sum + each.ticks, 0)
      return [name, ticks * TICK_US]
    }),
  )
}

/** What the whole machine has been busy with since it began, in microseconds over all cores. */
export function machineBusyUs(): number {
  const [line] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [user, nice, system, , , irq, softirq] = line!.trim().split(/\s+/).slice(1).map(Number)
  return (user! + nice! + system! + irq! + softirq!) * TICK_US
}

/** Resident memory of these processes without their children, in megabytes. */
export function residentMb(pids: readonly number[]): number {
  const kilobytes = pids.map(pid =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0),
  )
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1_024
}

/** The descendants of a process that run a program of this name. */
export function findDescendants(pid: number, program: string): number[] {
  const family = familyOf([pid], readProcesses())
  return family.map(each => each.pid).filter(each => nameOf(each) === program)
}

export function parentOf(pid: number): number {
  return readStat(pid)!.parent
}

function familyOf(roots: readonly number[], all: readonly ProcessStat[]): ProcessStat[] {
  const members = new Set(roots)
  for (let size = 0; size !== members.size; ) {
    size = members.size
    for (const { pid, parent } of all) if (members.has(parent)) members.add(pid)
  }
  return all.filter(({ pid }) => members.has(pid))
}

function readProcesses(): ProcessStat[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => readStat(Number(name)) ?? [])
}

function readStat(pid: number): ProcessStat | null {
  const text = readOrNull(`/proc/${pid}/stat`)
  if (text === null) return null // it has just ended
  // The name stands in parentheses and may hold anything; the fields after it are numbers.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number)
  return { pid, parent: Number(fields[1]), ticks: user! + system! + childUser! + childSystem! }
}

function nameOf(pid: number): string | null {
  return readOrNull(`/proc/${pid}/comm`)?.trim() ?? null
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
