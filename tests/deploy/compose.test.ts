import assert from 'node:assert/strict'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { loadConfig, readSources } from '@cronos/runtime'
import { parse } from 'yaml'
import { makeSecretsInFolder } from './made-secrets.ts'
import { root } from './manifests.ts'
import { declarations, unknownKeys } from './service-config.ts'

interface ComposeService {
  readonly image: string
  readonly build?: unknown
  readonly command?: readonly string[]
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly profiles?: readonly string[]
  readonly logging?: { readonly options: Readonly<Record<string, string>> }
  readonly healthcheck?: { readonly test: readonly string[] }
}

let text: string
let services: Readonly<Record<string, ComposeService>>
before(async () => {
  text = await readFile(join(root, 'docker-compose.yml'), 'utf8')
  services = parse(text, { merge: true }).services
})

/** The services whose program is ours, by the name of their declaration. */
function ours(): [string, ComposeService][] {
  return Object.entries(services)
    .filter(([, { command }]) => command?.[1]?.endsWith('/src/main.ts'))
    .map(([name, service]) => [name.replace(/-(service|worker)$/, ''), service])
}

test('Compose 1.29 and 2 both read the file: it has nothing that only newer ones know', () => {
  const newer = ['name', 'include', 'develop', 'version', 'configs']
  assert.deepEqual(
    Object.keys(parse(text, { merge: true })).filter(key => newer.includes(key)),
    [],
  )
})

test('the image can be built without BuildKit', async () => {
  const dockerfile = await readFile(join(root, 'deploy/Dockerfile'), 'utf8')
  assert.doesNotMatch(dockerfile, /# syntax=|RUN --mount|<</)
})

test('every image names its version', () => {
  for (const [name, { image }] of Object.entries(services))
    assert.match(image, /:(?!latest).*\d/, name)
})

test('every log is bounded, and no secret stands in the file', () => {
  for (const [name, { logging }] of Object.entries(services))
    assert.ok(logging?.options['max-size'] && logging.options['max-file'], name)
  assert.doesNotMatch(text, /password: |PASSWORD: |secret: /i)
})

describe('each of our services', () => {
  test('starts a program that is there, and is asked for its health', async () => {
    assert.equal(ours().length, 8)
    for (const [, { command, healthcheck }] of ours()) {
      await access(join(root, command![1]!))
      await access(join(root, healthcheck!.test[2]!))
    }
  })

  test('has a configuration that it takes with the made secrets, and no key that it does not know', async () => {
    await using made = await makeSecretsInFolder()
    for (const [name, service] of ours()) {
      const file = service.volumes!.find(volume => volume.includes('/etc/service.properties'))!
      const folder = join(root, file.split(':')[0]!, '..')
      const env = { CRONOS_CONFIG_DIR: folder, CRONOS_SECRETS_FILE: made.secretsFile }
      const declaration = declarations[name]!
      const sources = readSources(env)
      assert.doesNotThrow(() => loadConfig(declaration, sources), name)
      assert.deepEqual(unknownKeys(declaration, sources), [], name)
    }
  })

  test('listens where its health is asked for and where it is published', () => {
    const placed = [8080, 8081, 8082, 8083, 8084, 8086]
    const names = ['auth', 'user', 'job', 'scheduler', 'executor', 'gateway']
    for (const [name, { healthcheck, ports }] of ours()) {
      const port = placed[names.indexOf(name)]
      assert.equal(healthcheck!.test.at(-1), String(port))
      if (ports !== undefined) assert.deepEqual(ports, [`${port}:${port}`])
    }
  })
})

test('any number of workers can be started: they publish no port', () => {
  for (const worker of ['executor-worker', 'scheduler-worker']) {
    assert.equal(services[worker]!.ports, undefined)
    assert.deepEqual(services[worker]!.profiles, ['workers'])
    assert.deepEqual(
      services[worker]!.command,
      services[worker.replace('worker', 'service')]!.command,
    )
  }
})
