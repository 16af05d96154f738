export { type AuthConfig, authConfig } from './config.ts'
export { type AuthDeps, startAuthService } from './service.ts'
