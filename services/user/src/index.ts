export { type UserConfig, userConfig } from './config.ts'
export { startUserService, type UserDeps } from './service.ts'
