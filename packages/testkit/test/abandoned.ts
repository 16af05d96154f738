/** A test process that says where its server is, and then waits to be killed. */
import { testServer } from '../src/index.ts'

process.stdout.write(`${(await testServer()).url}\n`)
setInterval(() => {}, 60_000)
