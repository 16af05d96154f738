export { cronosConfig } from './config.ts'
