export { type FreshDatabase, freshDatabase, missingDatabase } from './databases.ts'
export { aJob, atInstant, byCron, byInterval, fromNow, passTime } from './jobs.ts'
export { startTestKafka, type TestKafka, testKafka } from './kafka.ts'
export { type ServerAddress, startTestPostgres, type TestPostgres, testServer } from './server.ts'
