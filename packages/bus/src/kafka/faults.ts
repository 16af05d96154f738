import { findErrorBy } from '@platformatic/kafka'

/** The broker will say the same next time: it is the message that it does not take. */
const REFUSED_MESSAGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD'] as const

/** The group will not have us with the settings that we have. */
const UNUSABLE_SETTINGS = ['INVALID_SESSION_TIMEOUT', 'INVALID_GROUP_ID'] as const

/** Whether the broker refuses these messages for good. */
export function isRefusedMessage(error: unknown): boolean {
  return hasApiId(error, REFUSED_MESSAGE)
}

/** Whether only another configuration can help: it does not pass by itself. */
export function isUnusable(error: unknown): boolean {
  return hasApiId(error, UNUSABLE_SETTINGS) || /has no committed offset/.test(String(error))
}

/** Whether a topic that was there has been removed. */
export function isUnknownTopic(error: unknown): boolean {
  return hasApiId(error, ['UNKNOWN_TOPIC_OR_PARTITION']) || /Unknown topic /.test(String(error))
}

/** Whether the broker refused with one of these errors of the Kafka protocol. */
export function hasApiId(error: unknown, ids: readonly string[]): boolean {
  if (!(error instanceof Error)) return false
  return ids.some(id => findErrorBy(error, 'apiId', id) !== null)
}
