import { LOOPBACK } from './port.ts'

/** For one machine and one Cronos; what is not named here is PostgreSQL's own default. */
const SETTINGS = {
  listen_addresses: LOOPBACK,
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  jit: 'off', // statements are short; compiling them takes longer than running them
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_error_verbosity: 'terse', // the details of a refused row may hold what users wrote
  log_checkpoints: 'off',
}

const NOT_DURABLE = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

/** The settings as the command line takes them, so that no file is left to disagree. */
export function settingsAsArguments(
  durable: boolean,
  own: Readonly<Record<string, string>>,
): string[] {
  const settings = { ...SETTINGS, ...(durable ? {} : NOT_DURABLE), ...own }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
