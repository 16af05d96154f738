import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { inspect } from 'node:util'
import {
  ConfigError,
  commaList,
  databaseAddress,
  databaseSettings,
  describeConfig,
  duration,
  family,
  flag,
  givenValues,
  httpUrl,
  loadConfig,
  optional,
  readSources,
  secretText,
  setting,
  text,
  wholeNumber,
} from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'cronos-config-'))
after(() => rmSync(folder, { recursive: true }))

const meaning = 'For tests'
const port = setting('configs.server.port', wholeNumber({ min: 1, max: 65_535 }), {
  default: '8080',
  meaning,
})

function mistakes(load: () => unknown): readonly string[] {
  try {
    load()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

test('a later source wins: default, service.properties, secrets.properties, environment', () => {
  writeFileSync(join(folder, 'service.properties'), 'a=service\nb=service\nc=service\n')
  writeFileSync(join(folder, 'secrets.properties'), 'b=secrets\nc=secrets\n')
  const key = (name: string) => setting(name, text, { default: 'default', meaning })
  const declaration = { a: key('a'), b: key('b'), c: key('c'), d: key('d') }
  const config = loadConfig(declaration, readSources({ CRONOS_CONFIG_DIR: folder, C: 'env' }))
  assert.deepEqual(config, { a: 'service', b: 'secrets', c: 'env', d: 'default' })
})

test('values that a program brings lie under the files, where it puts them', () => {
  writeFileSync(join(folder, 'service.properties'), 'configs.server.port=9000\n')
  writeFileSync(join(folder, 'secrets.properties'), '')
  const own = givenValues('all in one', { 'configs.server.port': '7000' })
  const sources = [own, ...readSources({ CRONOS_CONFIG_DIR: folder })]
  assert.deepEqual(loadConfig({ port }, sources), { port: 9000 })
})

test('a key is also a variable: upper case, every other character an underscore', () => {
  const servers = setting('configs.kafka.bootstrap-servers', commaList, { meaning })
  const env = { CONFIGS_KAFKA_BOOTSTRAP_SERVERS: 'a:1, b:2,', CRONOS_CONFIG_DIR: '/nowhere' }
  assert.deepEqual(loadConfig({ servers }, readSources(env)), { servers: ['a:1', 'b:2'] })
})

test('an empty variable leaves the default in place', () => {
  const env = { CONFIGS_SERVER_PORT: '', CRONOS_CONFIG_DIR: '/nowhere' }
  assert.deepEqual(loadConfig({ port }, readSources(env)), { port: 8080 })
})

test('all mistakes are told at once, each with its key and what would be right', () => {
  const declaration = {
    port,
    group: {
      on: setting('configs.auth.enabled', flag, { meaning }),
      rest: setting('configs.scheduler.rest', duration(), { meaning }),
    },
    url: setting('configs.services.auth.url', httpUrl, { example: 'http://auth:8080', meaning }),
  }
  const values = givenValues('service.properties', {
    'configs.server.port': '70000',
    'configs.auth.enabled': 'yes',
    'configs.scheduler.rest': '15',
  })
  assert.deepEqual(
    mistakes(() => loadConfig(declaration, [values])),
    [
      'configs.server.port must be a whole number from 1 to 65535, got 70000 (from service.properties)',
      'configs.auth.enabled must be true or false, got yes (from service.properties)',
      'configs.scheduler.rest must be a duration such as 300ms, 30s, 15m, 1h or 7d, got 15 (from service.properties)',
      'configs.services.auth.url must be given (or CONFIGS_SERVICES_AUTH_URL), such as http://auth:8080: For tests',
    ],
  )
})

test('a secret is shown nowhere: not in a mistake, not in a log, not when printed', () => {
  const secret = setting('secrets.jwt.secret', secretText(64), { meaning })
  const short = givenValues('secrets.properties', { 'secrets.jwt.secret': 'hunter2' })
  assert.deepEqual(
    mistakes(() => loadConfig({ secret }, [short])),
    [
      'secrets.jwt.secret must be a secret of 64 or more bytes, got 7 bytes (from secrets.properties)',
    ],
  )
  const good = [givenValues('secrets.properties', { 'secrets.jwt.secret': 'x'.repeat(64) })]
  const config = loadConfig({ secret }, good)
  assert.equal(config.secret.reveal(), 'x'.repeat(64))
  for (const shown of [inspect(config), JSON.stringify(config), `${config.secret}`])
    assert.doesNotMatch(shown, /xx/)
  assert.deepEqual(describeConfig({ secret }, good), { 'secrets.jwt.secret': '***' })
})

test('a secret may be handed over as a file', () => {
  const password = setting('secrets.datasource.password', secretText(), { meaning })
  const path = join(folder, 'password')
  writeFileSync(path, 'from a file\n')
  const env = { CRONOS_CONFIG_DIR: '/nowhere', SECRETS_DATASOURCE_PASSWORD_FILE: path }
  assert.equal(loadConfig({ password }, readSources(env)).password.reveal(), 'from a file')
  const both = { ...env, SECRETS_DATASOURCE_PASSWORD: 'x' }
  assert.deepEqual(
    mistakes(() => loadConfig({ password }, readSources(both))),
    ['SECRETS_DATASOURCE_PASSWORD and SECRETS_DATASOURCE_PASSWORD_FILE must not both be given'],
  )
})

test('a secrets file that is named must be there', () => {
  const env = { CRONOS_CONFIG_DIR: '/nowhere', CRONOS_SECRETS_FILE: '/nowhere/secrets' }
  const found = mistakes(() => loadConfig({ port }, readSources(env)))
  assert.match(found[0] ?? '', /^\/nowhere\/secrets cannot be read/)
})

test('a family of keys is a map, and variables set its members too', () => {
  const clients = family(
    'secrets.services.<clientId>',
    { id: text, password: secretText() },
    { meaning, nameOf: part => part.toLowerCase() },
  )
  const files = givenValues('secrets.properties', {
    'secrets.services.userService.id': 'userService',
    'secrets.services.userService.password': 'one',
  })
  const env = {
    CRONOS_CONFIG_DIR: '/nowhere',
    SECRETS_SERVICES_USERSERVICE_PASSWORD: 'two',
    SECRETS_SERVICES_MAILER_ID: 'mailer',
    SECRETS_SERVICES_MAILER_PASSWORD: 'three',
  }
  const config = loadConfig({ clients }, [files, ...readSources(env)])
  const read = [...config.clients].map(([name, { id, password }]) => [name, id, password.reveal()])
  assert.deepEqual(read, [
    ['userService', 'userService', 'two'],
    ['mailer', 'mailer', 'three'],
  ])
})

test('a member of a family that lacks a field is a mistake', () => {
  const clients = family(
    'secrets.services.<clientId>',
    { id: text, password: secretText() },
    { meaning, nameOf: part => part },
  )
  const half = givenValues('secrets.properties', { 'secrets.services.a.id': 'a' })
  assert.deepEqual(
    mistakes(() => loadConfig({ clients }, [half])),
    ['secrets.services.a.password must be given, as its other fields are'],
  )
})

test('what is optional may be left out', () => {
  const host = optional('configs.mail.host', text, { meaning })
  assert.deepEqual(loadConfig({ host }, []), { host: undefined })
})

test('a loaded configuration cannot be changed', () => {
  const config = loadConfig({ server: { port } }, [])
  assert.throws(() => Object.assign(config.server, { port: 1 }), TypeError)
})

test("a database's url and name are joined", () => {
  for (const url of [
    'jdbc:postgresql://db:5432/',
    'jdbc:postgresql://db:5432',
    'postgres://db:5432/',
  ]) {
    const values = givenValues('test', {
      'configs.userDb.url': url,
      'secrets.datasource.username': 'cronos',
      'secrets.datasource.password': 'p',
    })
    const config = loadConfig(databaseSettings('userDb', 'userdb'), [values])
    const { url: joined, ...login } = databaseAddress(config)
    assert.match(joined, /^postgres(ql)?:\/\/db:5432\/userdb$/)
    assert.deepEqual(login, { user: 'cronos', password: 'p' })
  }
})

test('durations are read as milliseconds', () => {
  const read = ['300ms', '30s', '15m', '1h', '7d'].map(duration().read)
  assert.deepEqual(read, [300, 30_000, 900_000, 3_600_000, 604_800_000])
})
