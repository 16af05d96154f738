/**
 * Writes docs/configuration.md from the declarations that the services read their configuration by:
 * `node tools/docs-configuration.ts`. A test tells when the page is not what this would write.
 */

import { writeFile } from 'node:fs/promises'
import { cronosConfig } from '@cronos/app'
import { authConfig } from '@cronos/auth-service'
import { executorServiceConfig } from '@cronos/executor-service'
import { gatewayConfig } from '@cronos/gateway'
import { jobConfig } from '@cronos/job-service'
import { type Declaration, environmentName, isSecretKey, settingsOf } from '@cronos/runtime'
import { schedulerConfig } from '@cronos/scheduler-service'
import { userConfig } from '@cronos/user-service'

/** Every service with what it declares; a service that is not here is not on the page. */
const declarations: Readonly<Record<string, Declaration>> = {
  'all in one': cronosConfig,
  auth: authConfig,
  user: userConfig,
  job: jobConfig,
  scheduler: schedulerConfig,
  executor: executorServiceConfig,
  gateway: gatewayConfig,
}

export const page = new URL('../docs/configuration.md', import.meta.url)

const INTRODUCTION = `# Configuration

This page is made from the code: \`node tools/docs-configuration.ts\` writes it.

A service reads, each over the one before: its defaults, \`/etc/service.properties\`, \`/etc/secrets.properties\`, and the
environment. \`CRONOS_CONFIG_DIR\` names another folder than \`/etc\`, \`CRONOS_SECRETS_FILE\` the second file alone. Both
are Java properties files in UTF-8.

- Every key is also an environment variable: upper case, every other character an underscore.
- An empty value counts as not given.
- A secret may be handed over as a file: \`SECRETS_DATASOURCE_PASSWORD_FILE=/run/secrets/db\`.
- Keys that a service does not know do no harm.
- All mistakes are told at once when a service starts, one line each; it then ends. Secrets are never shown.

Keys with a part in angle brackets are families: one entry for each name that you put there. In a variable the name is
spelled in upper case too; where no file says how it is spelled, a variable that names an audience reads
\`USER_SERVICE\` as \`user-service\`, and a client is called by its \`id\`.
`

/** One line of the page. */
interface Row {
  readonly key: string
  readonly type: string
  readonly fallback: string
  readonly meaning: string
  readonly services: string[]
}

/** The page as it should be. */
export function writePage(): string {
  const rows = collectRows()
  const table = (isOurs: (row: Row) => boolean) => tableOf(rows.filter(isOurs))
  return [
    INTRODUCTION,
    '## service.properties\n',
    table(row => !isSecretKey(row.key)),
    '## secrets.properties\n',
    table(row => isSecretKey(row.key)),
  ].join('\n')
}

/** Keys that several services share are listed once, sorted; the first declaration describes them. */
function collectRows(): Row[] {
  const rows = new Map<string, Row>()
  const add = (service: string, row: Omit<Row, 'services'>) => {
    const known = rows.get(row.key) ?? { ...row, services: [] }
    // The default of a port is each service's own.
    const fallback = known.fallback === row.fallback ? row.fallback : 'by service'
    rows.set(row.key, { ...known, fallback, services: [...known.services, service] })
  }
  for (const [service, declaration] of Object.entries(declarations))
    for (const entry of settingsOf(declaration)) {
      const { meaning } = entry
      if (entry.kind === 'family')
        for (const [field, type] of Object.entries(entry.fields)) {
          const key = `${entry.prefix}<${entry.member}>.${field}`
          add(service, { key, type: type.expects, fallback: 'none', meaning })
        }
      else {
        const { key, type, optional } = entry
        const fallback = entry.default ?? (optional ? 'none' : 'must be given')
        add(service, { key, type: type.expects, fallback, meaning })
      }
    }
  return [...rows.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
}

function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(row => [
    `\`${row.key}\``,
    row.key.includes('<') ? '' : `\`${environmentName(row.key)}\``,
    row.services.join(', '),
    row.type,
    /^(must be given|none|by service)$/.test(row.fallback) ? row.fallback : `\`${row.fallback}\``,
    row.meaning,
  ])
  const lines = [['key', 'variable', 'of', 'must be', 'default', 'meaning'], ...cells]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map(line => line[column]!.length)))
  const padded = lines.map(line => line.map((cell, column) => cell.padEnd(widths[column]!)))
  const rule = widths.map(width => '-'.repeat(width))
  const [head, ...body] = padded
  return [head!, rule, ...body]
    .map(line => `| ${line.join(' | ')} |`)
    .join('\n')
    .concat('\n')
}

if (import.meta.main) await writeFile(page, writePage())
