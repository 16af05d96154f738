// Adds to package-lock.json the optional platform packages that `npm install` left out because the
// registry it asked does not carry them: without an entry for each, `npm ci` refuses the lockfile
// everywhere. Run it after each change of dependencies: `npm run lock`.
import { readFileSync, writeFileSync } from 'node:fs'

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64']

const path = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(path, 'utf8'))
const added = []
for (const [parentPath, parent] of Object.entries(lock.packages)) {
  if (parentPath === '' || parent.link) continue
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`
    if (lock.packages[key] || lock.packages[`${parentPath}/${key}`]) continue
    const platform = platformOf(name)
    if (platform === null) continue // no platform package: npm has its own reason
    lock.packages[key] = { version, ...platform, ...(parent.dev ? { dev: true } : {}), optional: true }
    added.push(`${name}@${version}`)
  }
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
)
if (added.length > 0) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
console.log(added.length > 0 ? `added ${added.join(', ')}` : 'the lockfile is complete')

/** What a platform package's name says: `…-linux-x64-musl` → os, cpu and libc. */
function platformOf(name) {
  const words = name.split(/[/-]/)
  const os = SYSTEMS.find(system => words.includes(system))
  const cpu = PROCESSORS.find(processor => words.includes(processor))
  if (!os || !cpu) return null
  const libc = words.some(word => word.startsWith('musl')) ? ['musl'] : os === 'linux' ? ['glibc'] : null
  return { os: [os], cpu: [cpu], ...(libc && words.some(word => /^(musl|gnu)/.test(word)) ? { libc } : {}) }
}
