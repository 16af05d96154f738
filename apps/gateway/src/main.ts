import { loadConfig, openLog, readSources, runMain } from '@cronos/runtime'
import { gatewayConfig } from './config.ts'
import { startGateway } from './gateway.ts'

await runMain('gateway', async stopRequested => {
  const config = loadConfig(gatewayConfig, readSources(process.env))
  const log = openLog('gateway', config.log.level)
  await using gateway = await startGateway(config, log)
  await Promise.race([stopRequested, gateway.done])
})
