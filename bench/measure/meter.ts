import { cpuTimes, machineBusyUs, type Parts } from './cpu.ts'

/** What some work took. */
export interface Metered {
  readonly ms: number
  /** CPU time in microseconds, by part. */
  readonly cpuUs: Readonly<Record<string, number>>
  /** The share of the machine's time that went to processes which are none of the parts. */
  readonly others: number
}

const CORES = navigator.hardwareConcurrency

/** Measures from now until the answered function is called. */
export function startMeter(parts: Parts): () => Metered {
  const before = { cpu: cpuTimes(parts), busyUs: machineBusyUs(), at: performance.now() }
  return () => {
    const ms = performance.now() - before.at
    const cpu = cpuTimes(parts)
    const used = Object.keys(cpu).map(name => [name, cpu[name]! - before.cpu[name]!] as const)
    const usedUs = used.reduce((sum, [, us]) => sum + us, 0)
    return {
      ms,
      cpuUs: Object.fromEntries(used),
      others: Math.max(0, (machineBusyUs() - before.busyUs - usedUs) / (ms * 1_000 * CORES)),
    }
  }
}
