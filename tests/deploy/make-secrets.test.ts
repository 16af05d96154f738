import assert from 'node:assert/strict'
import { readFile, rm, stat } from 'node:fs/promises'
import { test } from 'node:test'
import { readSources } from '@cronos/runtime'
import { makeSecretsInFolder } from './made-secrets.ts'

function secretsIn(file: string): Record<string, string> {
  const sources = readSources({ CRONOS_SECRETS_FILE: file })
  return Object.fromEntries(sources.find(({ name }) => name === file)!.values)
}

test('secrets are random, long enough, and each system has its own', async () => {
  await using one = await makeSecretsInFolder()
  await using other = await makeSecretsInFolder()
  const [mine, yours] = [secretsIn(one.secretsFile), secretsIn(other.secretsFile)]
  assert.ok(mine['secrets.jwt.secret']!.length >= 64)
  for (const key of [
    'secrets.jwt.secret',
    'secrets.datasource.password',
    'secrets.client.password',
  ])
    assert.notEqual(mine[key], yours[key])
})

test('what belongs together fits: PostgreSQL and the services, auth-service and executor', async () => {
  await using made = await makeSecretsInFolder()
  const secrets = secretsIn(made.secretsFile)
  assert.equal(secrets['secrets.datasource.password'], await readFile(made.passwordFile, 'utf8'))
  const { 'secrets.client.id': client } = secrets
  assert.equal(secrets['secrets.client.password'], secrets[`secrets.services.${client}.password`])
})

test('nobody but its owner can read a secret', async () => {
  await using made = await makeSecretsInFolder()
  for (const file of [made.secretsFile, made.passwordFile])
    assert.equal((await stat(file)).mode & 0o777, 0o400)
})

test('a later start keeps them', async () => {
  await using made = await makeSecretsInFolder()
  const before = await readFile(made.secretsFile, 'utf8')
  await made.again()
  assert.equal(await readFile(made.secretsFile, 'utf8'), before)
})

test('a first start that was cut off half-way is made good by the next', async () => {
  await using made = await makeSecretsInFolder()
  await rm(made.secretsFile) // the password was written, the rest not
  await made.again()
  const secrets = secretsIn(made.secretsFile)
  assert.equal(secrets['secrets.datasource.password'], await readFile(made.passwordFile, 'utf8'))
})
