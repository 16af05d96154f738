/**
 * Makes the secrets of a composed system at its first start, and leaves those that are there:
 * `node deploy/compose/make-secrets.ts <folder for the services> <folder for PostgreSQL>`.
 *
 * Each file belongs to the user who reads it, and nobody else can.
 */

import { randomBytes } from 'node:crypto'
import { access, chown, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The users of the images `node` and `postgres`. */
const owners = { node: 1000, postgres: 999 } as const

const [services, postgres] = process.argv.slice(2)
if (services === undefined || postgres === undefined)
  throw new TypeError('give the folder for the services and the folder for PostgreSQL')
const secretsFile = join(services, 'secrets.properties')

if (await exists(secretsFile)) console.log(`${secretsFile} is there and stays as it is`)
else {
  const password = secret(32)
  // In this order: once the second is there, the first is, whenever we were stopped.
  await writeFor(owners.postgres, join(postgres, 'postgres.password'), password)
  await writeFor(owners.node, secretsFile, propertiesWith(password))
  console.log(`${secretsFile} was made`)
}

function secret(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}

function propertiesWith(databasePassword: string): string {
  const client = secret(32)
  const values = {
    'secrets.datasource.username': 'cronos',
    'secrets.datasource.password': databasePassword,
    'secrets.jwt.secret': secret(64),
    'secrets.services.executorService.id': 'executorService',
    'secrets.services.executorService.password': client,
    'secrets.client.id': 'executorService',
    'secrets.client.password': client,
  }
  const lines = Object.entries(values).map(([key, value]) => `${key}=${value}\n`)
  return `# Made at the first start. Without this file the databases cannot be opened.\n${lines.join('')}`
}

/** Writes the file whole or not at all. */
async function writeFor(owner: number, file: string, content: string): Promise<void> {
  const half = `${file}.half`
  await rm(half, { force: true })
  await writeFile(half, content, { mode: 0o400, flush: true })
  if (process.getuid?.() === 0) await chown(half, owner, owner)
  await rename(half, file)
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
