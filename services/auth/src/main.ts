import { openPasswords } from '@cronos/passwords'
import { databaseAddress, loadConfig, openLog, readSources, runMain } from '@cronos/runtime'
import { migrate, openPool } from '@cronos/store'
import { authConfig } from './config.ts'
import { startAuthService } from './service.ts'

await runMain('auth-service', async stopRequested => {
  const config = loadConfig(authConfig, readSources(process.env))
  const log = openLog('auth-service', config.log.level)
  const address = databaseAddress(config.userDb)
  await using db = openPool({ ...address, name: 'auth-service', max: 10, plans: 'general' })
  const prepare = async () => {
    await migrate(address, 'users')
  }
  const deps = { db, passwords: openPasswords(), log, prepare }
  await using service = await startAuthService(deps, config)
  await Promise.race([stopRequested, service.done])
})
