import type { RunningCronos } from './cronos-process.ts'

/** An answer of a service, whatever its shape. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
export type Body = any

/** Asks and expects to be answered well. */
export async function ask(url: string, token: string | null, body?: unknown): Promise<Body> {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const answer = await response.text()
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${answer}`)
  return answer === '' ? undefined : JSON.parse(answer)
}

const alice = { username: 'alice', password: 'correct-horse-7' }

export async function signUp({ origin }: RunningCronos): Promise<void> {
  const url = `${origin['user-service']}/user-service/api/v1/user/signup`
  await ask(url, null, { ...alice, email: 'alice@example.com' })
}

/** @returns an access token */
export async function signIn({ origin }: RunningCronos): Promise<string> {
  const url = `${origin['auth-service']}/auth-service/api/v1/auth/signin`
  const { token } = await ask(url, null, alice)
  return token
}

export function jobsUrl({ origin }: RunningCronos): string {
  return `${origin['job-service']}/job-service/api/v1/jobs`
}

export const anImmediateMail = {
  jobType: 'ONE_TIME',
  executionMode: 'IMMEDIATE',
  payload: { task: 'send_email', template: 'Hello' },
}

/** Asks again until the answer is as wanted; it must become so, sooner or later. */
export async function eventually<T>(look: () => Promise<T>, wanted: (seen: T) => boolean) {
  for (;;) {
    const seen = await look()
    if (wanted(seen)) return seen
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
