import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './manifests.ts'

export interface MadeSecrets extends AsyncDisposable {
  readonly secretsFile: string
  readonly passwordFile: string
  /** Runs the program once more, as each start of the composed system does. */
  again(): Promise<void>
}

/** Runs the program that makes the secrets, in folders that are thrown away. */
export async function makeSecretsInFolder(): Promise<MadeSecrets> {
  const folder = await mkdtemp(join(tmpdir(), 'cronos-secrets-'))
  const services = join(folder, 'services')
  const postgres = join(folder, 'postgres')
  await Promise.all([services, postgres].map(each => mkdir(each)))
  const program = join(root, 'deploy/compose/make-secrets.ts')
  const again = async () => {
    await promisify(execFile)(process.execPath, [program, services, postgres])
  }
  await again()
  return {
    secretsFile: join(services, 'secrets.properties'),
    passwordFile: join(postgres, 'postgres.password'),
    again,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}
