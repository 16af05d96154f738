import type { TaskContext } from '../task.ts'

/** A mail as a task writes it. */
export interface Mail {
  /** Plain addresses, one or more. */
  readonly to: readonly string[]
  /** One line. */
  readonly subject: string
  readonly text: string
}

/** What became of a mail. */
export interface Sent {
  /** With its angle brackets; the same at each attempt of a run. */
  readonly messageId: string
  readonly delivery: 'SMTP' | 'CAUGHT'
  readonly accepted: readonly string[]
  /** Recipients that the server refused, while it took the mail for others. */
  readonly rejected: readonly string[]
}

/** Sends mails, or catches them. */
export interface Mailer extends AsyncDisposable {
  /**
   * @throws {PermanentError} when the mail is refused for good
   * @throws {FencedOutError} when it cannot be caught because the run is somebody else's now
   */
  send(mail: Mail, context: TaskContext): Promise<Sent>
}
