/** A test process that says where its broker is, and then waits to be killed. */
import { testKafka } from '../src/index.ts'

process.stdout.write(`${await testKafka()}\n`)
setInterval(() => {}, 60_000)
