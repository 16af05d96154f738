import { openPasswords } from '@cronos/passwords'
import { databaseAddress, loadConfig, openLog, readSources, runMain } from '@cronos/runtime'
import { migrate, openPool } from '@cronos/store'
import { userConfig } from './config.ts'
import { startUserService } from './service.ts'

await runMain('user-service', async stopRequested => {
  const config = loadConfig(userConfig, readSources(process.env))
  const log = openLog('user-service', config.log.level)
  const address = databaseAddress(config.userDb)
  await using db = openPool({ ...address, name: 'user-service', max: 10, plans: 'general' })
  const prepare = async () => {
    await migrate(address, 'users')
  }
  const deps = { db, passwords: openPasswords(), log, prepare }
  await using service = await startUserService(deps, config)
  await Promise.race([stopRequested, service.done])
})
