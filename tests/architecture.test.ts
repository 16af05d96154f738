import assert from 'node:assert/strict'
import { glob, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { test } from 'node:test'

/*
 * Who may import whom: the picture of docs/architecture.md as rules. A new room needs a line here.
 */

const root = join(import.meta.dirname, '..')

/** What each package may import of the others. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  contract: ['domain'],
  store: ['domain'],
  bus: ['domain', 'contract'],
  runtime: ['domain', 'contract'],
  passwords: ['contract'],
  'local-postgres': ['store'],
  testkit: ['domain', 'store', 'local-postgres'],
}

const FOR_TESTS = ['testkit']
/** What starts a database of its own is for the all-in-one process, never for a service. */
const FOR_SERVICES = Object.keys(PACKAGES).filter(
  name => name !== 'testkit' && name !== 'local-postgres',
)

/** Libraries that reach out of the process, and the rooms that own each. */
const DRIVERS: Readonly<Record<string, readonly string[]>> = {
  pg: ['packages/store'],
  '@platformatic/kafka': ['packages/bus'],
  // A gateway forwards what it gets; all else that speaks HTTP is built in the runtime.
  fastify: ['packages/runtime', 'apps/gateway'],
  '@fastify': ['packages/runtime', 'apps/gateway'],
  pino: ['packages/runtime'],
  nodemailer: ['services/executor'],
  '@node-rs/argon2': ['packages/passwords'],
  '@node-rs/bcrypt': ['packages/passwords'],
}

/** @returns what is wrong with the import, or null */
function judge(file: string, imported: string): string | null {
  const [area = '', name = ''] = file.split('/')
  const room = `${area}/${name}`
  const isTest = file.endsWith('.test.ts') || file.startsWith(`${room}/test/`)
  if (imported.startsWith('.')) {
    const target = relative(root, join(root, file, '..', imported))
    return target.startsWith(`${room}/`) ? null : `leaves its room for ${target}`
  }
  const owners = DRIVERS[imported] ?? DRIVERS[imported.split('/')[0]!]
  if (owners !== undefined && !owners.includes(room) && !isTest)
    return `belongs to ${owners.join(', ')}`
  if (name === 'domain' && !isTest && !imported.startsWith('.')) return 'domain imports nothing'
  if (!imported.startsWith('@cronos/')) return null

  const [, target = '', ...rest] = imported.split('/')
  if (rest.length > 0) return 'a package is imported by its index only'
  if (isTest && FOR_TESTS.includes(target)) return null
  if (area === 'packages') {
    const allowed = PACKAGES[name]
    if (allowed === undefined) return `${room} is not in the list of rooms`
    return allowed.includes(target) ? null : `${name} may import ${allowed.join(', ') || 'nothing'}`
  }
  if (area === 'services') {
    return FOR_SERVICES.includes(target)
      ? null
      : 'a service imports packages, never another service'
  }
  return target in PACKAGES || target.endsWith('-service') ? null : 'nothing imports an app'
}

/** As the formatter leaves them: names, or `* as name`, or nothing but the module. */
const STATEMENT = /^(?:import|export)(?: type)? (?:[\w$*, ]*(?:\{[^}]*\})? from )?'([^']+)'/gm
const CALL = /\bimport\('([^']+)'\)/g

async function importsOf(file: string): Promise<string[]> {
  const source = await readFile(join(root, file), 'utf8')
  return [...source.matchAll(STATEMENT), ...source.matchAll(CALL)].map(([, imported]) => imported!)
}

test('every import follows an arrow that is allowed', async () => {
  const files = await Array.fromAsync(
    glob('{packages,services,apps}/*/{src,test}/**/*.ts', { cwd: root }),
  )
  const wrong: string[] = []
  let imports = 0
  for (const file of files)
    for (const imported of await importsOf(file)) {
      imports++
      const reason = judge(file, imported)
      if (reason !== null) wrong.push(`${file} imports ${imported}: ${reason}`)
    }
  assert.ok(imports > 500, `the imports were read, and not ${imports} of them`)
  assert.deepEqual(wrong, [])
})

test('an arrow that is not allowed is told with its reason', () => {
  const cases: [file: string, imported: string, reason: string | null][] = [
    ['packages/domain/src/job.ts', 'node:fs', 'domain imports nothing'],
    ['packages/store/src/db.ts', '@cronos/runtime', 'store may import domain'],
    ['packages/store/src/db.ts', '@cronos/testkit', 'store may import domain'],
    ['packages/store/src/db.db.test.ts', '@cronos/testkit', null],
    [
      'packages/bus/src/bus.ts',
      '../../store/src/db.ts',
      'leaves its room for packages/store/src/db.ts',
    ],
    ['services/job/src/jobs.ts', 'pg', 'belongs to packages/store'],
    ['services/job/src/jobs.ts', '@fastify/cors', 'belongs to packages/runtime, apps/gateway'],
    [
      'services/job/src/jobs.ts',
      '@cronos/store/src/db.ts',
      'a package is imported by its index only',
    ],
    [
      'services/job/src/jobs.ts',
      '@cronos/user-service',
      'a service imports packages, never another service',
    ],
    ['services/job/src/jobs.ts', '@cronos/store', null],
    ['apps/cronos/src/main.ts', '@cronos/user-service', null],
    ['apps/cronos/src/main.ts', '@cronos/dashboard', 'nothing imports an app'],
  ]
  for (const [file, imported, reason] of cases)
    assert.equal(judge(file, imported), reason, `${file} → ${imported}`)
})
