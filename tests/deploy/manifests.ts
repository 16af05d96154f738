import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, parseAllDocuments } from 'yaml'

export const root = fileURLToPath(new URL('../../', import.meta.url))
const kubernetesFolder = join(root, 'deploy/kubernetes')

/** A Kubernetes object as it stands in a file; what it must be is for the tests to say. */
export interface Manifest {
  readonly file: string
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  // biome-ignore lint/suspicious/noExplicitAny: each kind has a shape of its own
  readonly content: any
}

export interface Kustomization {
  readonly resources: readonly string[]
  readonly configMapGenerator: readonly {
    readonly name: string
    readonly files: readonly string[]
  }[]
}

async function readKustomization(): Promise<Kustomization> {
  return parse(await readFile(join(kubernetesFolder, 'kustomization.yaml'), 'utf8'))
}

/** All objects that the kustomization names, in order. */
export async function readManifests(): Promise<Manifest[]> {
  const { resources } = await readKustomization()
  const files = await Promise.all(resources.map(readManifestFile))
  return files.flat()
}

async function readManifestFile(file: string): Promise<Manifest[]> {
  const documents = parseAllDocuments(await readFile(join(kubernetesFolder, file), 'utf8'))
  return documents.map(document => {
    if (document.errors.length > 0) throw new AggregateError(document.errors, file)
    const content = document.toJS()
    return { file, ...content, content }
  })
}

/** The folder of the properties file that a service gets in Kubernetes. */
export async function configFolders(): Promise<Map<string, string>> {
  const { configMapGenerator } = await readKustomization()
  return new Map(
    configMapGenerator.map(({ name, files: [file = ''] }) => [
      name,
      join(kubernetesFolder, dirname(file)),
    ]),
  )
}
