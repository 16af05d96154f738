import { serviceFaults } from './nemesis.ts'
import { testSurvival } from './survive.ts'

/* Cronos' services are killed, paused, restarted, or have the wrong time. */

await testSurvival(serviceFaults)
