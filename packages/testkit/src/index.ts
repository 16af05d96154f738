export { type FreshDatabase, freshDatabase, missingDatabase } from './databases.ts'
export { type ServerAddress, startTestPostgres, type TestPostgres, testServer } from './server.ts'
