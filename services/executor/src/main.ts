import { ConfigError, runMain } from '@cronos/runtime'

await runMain('executor-service', async () => {
  throw new ConfigError([
    'by itself it needs the Kafka bus, which is not there yet: npm start runs all services in one',
  ])
})
