import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const POM = join(import.meta.dirname, 'pom.xml')
const CACHE = join(import.meta.dirname, '../../../../.cronos/kafka')

/** The version of Apache Kafka that the tests run against. */
export const kafkaVersion = /<version>(\d+\.\d+\.\d+)<\/version>/.exec(
  readFileSync(POM, 'utf8'),
)![1]!

/** Where the broker's jars are once they are fetched. */
export const jarFolder = join(CACHE, kafkaVersion)

export function hasJars(): boolean {
  return existsSync(jarFolder)
}

/** Lets Maven fetch the jars, about 50 MB, into a folder that the next runs find. */
export async function fetchJars(): Promise<void> {
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(join(CACHE, 'fetching-'))
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime']
  try {
    await run('mvn', ['-q', '-B', '-f', POM, ...goal, `-DoutputDirectory=${folder}`])
    await rename(folder, jarFolder).catch(error => {
      if (!hasJars()) throw error // else another test process was quicker
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
