import { type Brand, parseRunId, type RunKey, runIdOf } from '@cronos/domain'

/** `mail_<the job's uuid>_<fire time in epoch milliseconds>`: a run has one mail at most. */
export type MailId = Brand<string, 'MailId'>

export function mailIdOf(run: RunKey): MailId {
  return runIdOf(run).replace(/^run_/, 'mail_') as MailId
}

/** @returns the run whose mail it is, or null when the text is no mail id */
export function parseMailId(text: string): RunKey | null {
  return text.startsWith('mail_') ? parseRunId(`run_${text.slice('mail_'.length)}`) : null
}
