import type { Pool } from '@cronos/store'
import { type Contacts, openContacts } from './mail/contacts.ts'
import { openMailbox } from './mail/mailbox.ts'
import type { Mailer } from './mail/mailer.ts'
import { openSmtp, type SmtpOptions } from './mail/smtp.ts'
import { type AddressPolicy, publicOr } from './net/network.ts'
import { serviceTokens } from './net/service-token.ts'
import { openWorkers, type Workers } from './workers.ts'

/** What an executor lends to its tasks; made once, when the executor starts. */
export interface TaskTools extends AsyncDisposable {
  /** The `jobs` database, with `general` plans and time enough for a report. */
  readonly db: Pool
  readonly mailer: Mailer
  readonly contacts: Contacts
  readonly workers: Workers
  /** Where an HTTP task may connect to. */
  readonly addressPolicy: AddressPolicy
}

export interface ToolsConfig {
  /** `http://auth-service:8080`: where the service token comes from. */
  readonly authUrl: string
  /** `http://user-service:8081`: who knows the owners' addresses. */
  readonly userUrl: string
  readonly clientId: string
  readonly clientSecret: string
  /** Null: mails are caught in the database. */
  readonly smtp: Omit<SmtpOptions, 'from'> | null
  /** The sender of all mails. */
  readonly mailFrom: string
  /** Networks beside the public Internet that HTTP tasks may reach, in CIDR notation. */
  readonly allowedNetworks: readonly string[]
}

/**
 * Makes the tools. Nothing connects, loads or starts before a task first needs it.
 *
 * @param db stays its owner's to close
 * @throws {Error} when a network cannot be read
 */
export function openTools(db: Pool, config: ToolsConfig): TaskTools {
  const { authUrl, userUrl, clientId, clientSecret, smtp, mailFrom: from } = config
  const workers = openWorkers()
  const mailer = smtp === null ? openMailbox(db, from) : openSmtp({ ...smtp, from })
  const audience = 'user-service'
  const scopes = ['user.contact']
  const tokens = serviceTokens({ authUrl, clientId, clientSecret, audience, scopes })
  return {
    db,
    mailer,
    contacts: openContacts(userUrl, tokens),
    workers,
    addressPolicy: publicOr(config.allowedNetworks),
    async [Symbol.asyncDispose]() {
      await using stack = new AsyncDisposableStack() // both are closed, even where one fails
      stack.use(workers)
      stack.use(mailer)
    },
  }
}
