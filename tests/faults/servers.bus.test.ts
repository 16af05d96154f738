import { serverFaults } from './nemesis.ts'
import { testSurvival } from './survive.ts'

/* PostgreSQL and Kafka go away and come back, or are hard to reach. */

await testSurvival(serverFaults)
