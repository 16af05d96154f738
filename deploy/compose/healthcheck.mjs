/** `node deploy/compose/healthcheck.mjs <port>`: ends with 0 when the service there says UP. */

const ANSWER_WITHIN_MS = 4_000

const response = await fetch(`http://127.0.0.1:${process.argv[2]}/health`, {
  signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
})
console.log(await response.text()) // `docker inspect` shows it
process.exitCode = response.ok ? 0 : 1
