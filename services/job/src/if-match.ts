/**
 * Whether a change with this `If-Match` was thought for a version of a job; without one it was for
 * any. Weak tags match nothing.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-if-match
 */
export function isMeantFor(ifMatch: string | undefined, version: number): boolean {
  if (ifMatch === undefined) return true
  const tags = ifMatch.split(',').map(tag => tag.trim())
  return tags.includes('*') || tags.includes(etagOf(version))
}

export function etagOf(version: number): string {
  return `"${version}"`
}
