import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Deployment } from 'kubernetes-models/apps/v1'
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1'
import { Namespace, Service } from 'kubernetes-models/v1'
import { type Manifest, root } from './manifests.ts'

/** What we deploy, with the schemas of the Kubernetes API. */
const KINDS = {
  'v1 Namespace': { model: Namespace, from: 'kubernetes-models/v1' },
  'v1 Service': { model: Service, from: 'kubernetes-models/v1' },
  'apps/v1 Deployment': { model: Deployment, from: 'kubernetes-models/apps/v1' },
  'policy/v1 PodDisruptionBudget': {
    model: PodDisruptionBudget,
    from: 'kubernetes-models/policy/v1',
  },
  'autoscaling/v2 HorizontalPodAutoscaler': {
    model: HorizontalPodAutoscaler,
    from: 'kubernetes-models/autoscaling/v2',
  },
} as const

function kindOf({ apiVersion, kind, file }: Manifest) {
  const known = KINDS[`${apiVersion} ${kind}` as keyof typeof KINDS]
  if (known === undefined)
    throw new TypeError(`${file}: there is no schema for ${apiVersion} ${kind}`)
  return known
}

/** @throws with what the schema finds wrong: types, formats, what is missing */
export function validateManifest(manifest: Manifest): void {
  ;new (kindOf(manifest).model)(manifest.content).validate()
}

/**
 * Fields that the Kubernetes API does not know, which its schemas let pass and a cluster drops: a
 * probe whose name is misspelled would simply not be there. The compiler finds them by the types.
 *
 * @returns what the compiler says, nothing when all is well
 */
export async function findUnknownFields(manifests: readonly Manifest[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cronos-manifests-'))
  try {
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    const checks = manifests.map((manifest, index) => {
      const { from } = kindOf(manifest)
      const type = `import('${from}').I${manifest.kind}`
      return `export const manifest${index}: ${type} = ${JSON.stringify(manifest.content, null, 1)}`
    })
    await writeFile(join(folder, 'manifests.ts'), checks.join('\n'))
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext']
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    await promisify(execFile)(process.execPath, [tsc, ...options, join(folder, 'manifests.ts')], {
      cwd: folder,
    })
    return ''
  } catch (error) {
    const { stdout } = error as { stdout?: string }
    if (stdout === undefined) throw error
    return stdout
  } finally {
    await rm(folder, { recursive: true })
  }
}
