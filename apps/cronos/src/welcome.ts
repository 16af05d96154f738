import type { Cronos } from './assembly.ts'
import type { CronosConfig } from './config.ts'
import { urlOf } from './url.ts'

/** What a person sees when Cronos is ready: where things are, and one example that works as it is. */
export function welcome(
  { services, gateway }: Pick<Cronos, 'services' | 'gateway'>,
  config: Pick<CronosConfig, 'host' | 'tools' | 'databases'>,
  dataFolder: string,
): string {
  const shownHost = config.host === '127.0.0.1' ? 'localhost' : config.host
  const at = ({ port }: { port: number }) => urlOf(shownHost, port)
  const { auth, user, job } = services
  const { mailHost, mailPort } = config.tools
  const places = Object.values(services).map(
    service => `  ${service.name.padEnd(18)} ${at(service)}${service.path}`,
  )
  return `
Cronos is ready. Ctrl-C stops it.

${places.join('\n')}
  all on one origin  ${at(gateway)}
  API pages          ${at(gateway)}/job-service/docs, /auth-service/docs, /user-service/docs
  data               ${dataFolder}${config.databases === null ? '' : ', and the configured databases'}
  mails              ${
    mailHost === undefined
      ? `caught, to be read at ${at(job)}/job-service/api/v1/mails; configs.mail.host sends them`
      : `sent through ${mailHost}:${mailPort}`
  }

Paste this to sign up, sign in, and run a job that sends a mail at once:

${example({ auth: at(auth), user: at(user), job: at(job) })}
`
}

function example({ auth, user, job }: Record<'auth' | 'user' | 'job', string>): string {
  return `  curl -s ${user}/user-service/api/v1/user/signup -H 'Content-Type: application/json' \\
    -d '{"username":"alice","password":"correct-horse-7","email":"alice@example.com"}'
  JWT_TOKEN=$(curl -s ${auth}/auth-service/api/v1/auth/signin -H 'Content-Type: application/json' \\
    -d '{"username":"alice","password":"correct-horse-7"}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
  curl -s ${job}/job-service/api/v1/jobs -H "Authorization: Bearer $JWT_TOKEN" \\
    -H 'Content-Type: application/json' -d '{"jobType":"ONE_TIME","executionMode":"IMMEDIATE",
    "payload":{"task":"send_email","template":"Hello from Cronos"}}'
  sleep 1; curl -s ${job}/job-service/api/v1/jobs -H "Authorization: Bearer $JWT_TOKEN"`
}
