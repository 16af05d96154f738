import { givenValues, openLog, readProperties, readSources, runMain } from '@cronos/runtime'
import { startCronos } from './assembly.ts'
import { readConfig } from './config.ts'
import { openDataFolder } from './data-folder.ts'
import { openDatabases } from './databases.ts'
import { checkPorts } from './ports.ts'
import { explain } from './start-error.ts'
import { welcome } from './welcome.ts'

/** What the services need to know of each other when they are in one process. */
const OWN_VALUES = givenValues('cronos', {
  'configs.auth.policy.services.user-service.scopes': 'user.read,user.contact',
  'configs.log.level': 'warn',
})

await runMain(
  'cronos',
  async stopRequested => {
    const folder = await openDataFolder(process.env['CRONOS_DATA'] || '.cronos')
    const made = readProperties(folder.secrets, true)
    const config = readConfig([OWN_VALUES, made, ...readSources(process.env)])
    await checkPorts(config)
    await using databases = await openDatabases(
      config,
      folder.postgres,
      openLog('local-postgres', config.log.level),
    )
    await using cronos = await startCronos(databases, config)
    const ended = Promise.race([stopRequested, databases.done, cronos.done])
    const isReady = await Promise.race([cronos.ready.then(() => true), ended.then(() => false)])
    if (isReady) console.log(welcome(cronos, config, folder.path))
    await ended
  },
  explain,
)
