import type { Secret } from './secret.ts'
import { setting } from './setting.ts'
import { databaseUrl, secretText, text } from './values.ts'

/** Where a database is, and as whom to connect. */
export interface DatabaseConfig {
  readonly url: string
  readonly name: string
  readonly user: string
  readonly password: Secret
}

/**
 * The keys of one database.
 *
 * @param group `configs.<group>.url` and `.name`
 */
export function databaseSettings(group: 'userDb' | 'jobDb', name: string) {
  return {
    url: setting(`configs.${group}.url`, databaseUrl, {
      example: 'jdbc:postgresql://postgres:5432/',
      meaning: 'The PostgreSQL server; the name of the database is joined to it',
    }),
    name: setting(`configs.${group}.name`, text, {
      default: name,
      meaning: 'The database, created when it is missing',
    }),
    user: setting('secrets.datasource.username', text, {
      example: 'cronos',
      meaning: 'The PostgreSQL role that the service connects as',
    }),
    password: setting('secrets.datasource.password', secretText(), {
      meaning: "That role's password",
    }),
  }
}

/** Joins url and name: what a pool needs. */
export function databaseAddress({ url, name, user, password }: DatabaseConfig): {
  url: string
  user: string
  password: string
} {
  const joined = new URL(url.replace(/^jdbc:/, ''))
  joined.pathname = `/${encodeURIComponent(name)}`
  return { url: joined.href, user, password: password.reveal() }
}
