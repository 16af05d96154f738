import assert from 'node:assert/strict'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { loadConfig, readSources } from '@cronos/runtime'
import { findUnknownFields, validateManifest } from './kubernetes-schema.ts'
import { configFolders, type Manifest, readManifests, root } from './manifests.ts'
import { declarations, secretsOf, unknownKeys } from './service-config.ts'

let manifests: Manifest[]
let deployments: Manifest[]
before(async () => {
  manifests = await readManifests()
  deployments = ofKind('Deployment')
})

function ofKind(kind: string): Manifest[] {
  return manifests.filter(manifest => manifest.kind === kind)
}

function podOf({ content }: Manifest) {
  return content.spec.template.spec
}

function containerOf(deployment: Manifest) {
  return podOf(deployment).containers[0]
}

test('every manifest is what the Kubernetes API wants', () => {
  assert.ok(manifests.length > 20)
  for (const manifest of manifests)
    assert.doesNotThrow(() => validateManifest(manifest), `${manifest.file} ${manifest.kind}`)
})

test('no manifest has a field that Kubernetes does not know', async () => {
  assert.equal(await findUnknownFields(manifests), '')
  const [deployment] = deployments
  const misspelled = structuredClone(deployment!)
  containerOf(misspelled).livenesProbe = containerOf(misspelled).livenessProbe
  assert.match(await findUnknownFields([misspelled]), /livenesProbe/)
})

describe('each service', () => {
  test('is deployed, reachable and kept up while nodes are drained', () => {
    const names = Object.keys(declarations).map(name =>
      name === 'gateway' ? name : `${name}-service`,
    )
    for (const kind of ['Deployment', 'Service', 'PodDisruptionBudget']) {
      const found = ofKind(kind).map(({ metadata }) => metadata.name)
      for (const name of names) assert.ok(found.includes(name), `${kind} ${name}`)
    }
  })

  test('starts a program that is there', async () => {
    for (const deployment of deployments) {
      const [program, file] = containerOf(deployment).command
      assert.equal(program, 'node')
      await access(join(root, file))
    }
  })

  test('is not restarted because a database or Kafka is away, but gets no requests meanwhile', () => {
    for (const deployment of deployments) {
      const { livenessProbe, readinessProbe, startupProbe } = containerOf(deployment)
      assert.equal(livenessProbe.httpGet.path, '/health/live')
      assert.equal(startupProbe.httpGet.path, '/health/live')
      assert.equal(readinessProbe.httpGet.path, '/health/ready')
    }
  })

  test('may be evicted while it is not ready: its budget must not hold a node for ever', () => {
    for (const { content } of ofKind('PodDisruptionBudget'))
      assert.equal(content.spec.unhealthyPodEvictionPolicy, 'AlwaysAllow')
  })

  test('is chosen by its own labels, and by nothing else', () => {
    const labels = new Map(
      deployments.map(({ content, metadata }) => [
        metadata.name,
        content.spec.template.metadata.labels['app.kubernetes.io/name'],
      ]),
    )
    for (const { content, metadata } of deployments)
      assert.deepEqual(content.spec.selector.matchLabels, {
        'app.kubernetes.io/name': labels.get(metadata.name),
      })
    const selectors = [
      ...ofKind('Service').map(({ content }) => content.spec.selector),
      ...ofKind('PodDisruptionBudget').map(({ content }) => content.spec.selector.matchLabels),
    ]
    for (const selector of selectors)
      assert.ok([...labels.values()].includes(selector['app.kubernetes.io/name']))
  })

  test('runs as nobody special, on a file system that it cannot write', () => {
    for (const deployment of deployments) {
      const { securityContext: pod, automountServiceAccountToken } = podOf(deployment)
      const { securityContext: container } = containerOf(deployment)
      assert.equal(pod.runAsNonRoot, true)
      assert.equal(pod.seccompProfile.type, 'RuntimeDefault')
      assert.equal(automountServiceAccountToken, false)
      assert.equal(container.allowPrivilegeEscalation, false)
      assert.equal(container.readOnlyRootFilesystem, true)
      assert.deepEqual(container.capabilities, { drop: ['ALL'] })
    }
  })

  test('says what it needs, and what it must not exceed', () => {
    for (const deployment of deployments) {
      const { requests, limits } = containerOf(deployment).resources
      assert.ok(requests.cpu && requests.memory && limits.memory)
    }
  })

  test('takes its secrets by reference: none is in a manifest', () => {
    assert.deepEqual(ofKind('Secret'), [])
    for (const deployment of deployments)
      for (const { name, valueFrom } of containerOf(deployment).env ?? [])
        assert.ok(valueFrom.secretKeyRef.name, name)
  })

  test('has a configuration that it takes, and is given no key that it does not know', async () => {
    const folders = await configFolders()
    for (const deployment of deployments) {
      const { volumes } = podOf(deployment)
      const { configMap } = volumes.find(({ name }: { name: string }) => name === 'config')
      const declaration = declarations[configMap.name.replace('cronos-', '')]!
      const folder = folders.get(configMap.name)!
      const given = secretsOf(containerOf(deployment).env ?? [])
      const sources = readSources({ CRONOS_CONFIG_DIR: folder, ...given })
      assert.doesNotThrow(() => loadConfig(declaration, sources))
      assert.deepEqual(unknownKeys(declaration, sources), [], configMap.name)
    }
  })
})

test('an executor may end its running attempts before it is killed', async () => {
  const executor = deployments.find(({ metadata }) => metadata.name === 'executor-service')!
  const folder = (await configFolders()).get('cronos-executor')!
  const sources = readSources({
    CRONOS_CONFIG_DIR: folder,
    ...secretsOf(containerOf(executor).env),
  })
  const { graceMs } = loadConfig(declarations['executor']!, sources)['executor'] as {
    graceMs: number
  }
  assert.ok(podOf(executor).terminationGracePeriodSeconds * 1_000 >= graceMs + 10_000)
})

test('executors grow with their load, and their number is settled nowhere else', () => {
  const [autoscaler, ...others] = ofKind('HorizontalPodAutoscaler')
  assert.deepEqual(others, [])
  const { scaleTargetRef, minReplicas } = autoscaler!.content.spec
  const target = deployments.find(({ metadata }) => metadata.name === scaleTargetRef.name)!
  assert.equal(target.metadata.name, 'executor-service')
  assert.equal(target.content.spec.replicas, undefined)
  assert.ok(minReplicas >= 2)
})
