import { type FireRange, formatInstant } from '@cronos/domain'
import type { BrokenRule, JobLedger, RuleBreak } from '@cronos/store'
import type { Verified } from './verify.ts'

/** What is wrong with a job's fire times, a line each. */
export function describeLedger({ jobId, balance, isStalled }: JobLedger): string[] {
  const lines = (word: string, spans: readonly FireRange[], count: number) => {
    const told = spans.reduce((sum, span) => sum + span.count, 0)
    const rest =
      count > told ? [`${word} ${jobId} and ${many(count - told, 'more fire time')}`] : []
    return [...spans.map(span => `${word} ${jobId} ${describeSpan(span)}`), ...rest]
  }
  return [
    ...lines('GAP', balance.gaps, balance.missing),
    ...lines('DUPLICATE', balance.duplicates, balance.repeated),
    ...lines('UNEXPECTED', balance.unexpected, balance.strays),
    ...(isStalled ? [`STALLED ${jobId} should fire again, and no run waits that will`] : []),
  ]
}

const RULES: Readonly<Record<BrokenRule, string>> = {
  LEFT: 'is unfinished, and was to be looked after at',
  TWICE: 'is finished and unfinished at once, due at',
  EARLY: 'began before it was due at',
}

export function describeBreak({ rule, runId, at }: RuleBreak): string {
  return `${rule} ${runId} ${RULES[rule]} ${formatInstant(at)}`
}

/** The last words: what was looked at, and what was found. */
export function summarize(verified: Verified): string {
  const { since, jobs, expected, runs, skipped, pending } = verified
  const { missing, repeated, strays, stalled, broken } = verified
  return [
    `${many(jobs, 'job')} since ${formatInstant(since)}: ${many(expected, 'fire time')} expected, ` +
      `${many(runs, 'run')}, ${write(skipped)} without a run by policy, ${write(pending)} pending`,
    `${write(missing)} missing, ${write(repeated)} repeated, ${write(strays)} unexpected, ` +
      `${write(stalled)} stalled, ${write(broken)} against the rules`,
  ].join('\n')
}

function describeSpan({ from, to, count }: FireRange): string {
  const first = formatInstant(from)
  return count === 1 ? first : `${first} to ${formatInstant(to)} (${many(count, 'fire time')})`
}

function many(count: number, thing: string): string {
  return `${write(count)} ${thing}${count === 1 ? '' : 's'}`
}

function write(count: number): string {
  return count.toLocaleString('en-US')
}
