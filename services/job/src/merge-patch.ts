/**
 * What an object becomes by a merge patch: a member that is null goes, one that is an object is
 * merged in turn, any other one takes its place.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7396
 */
export function mergePatch(
  target: unknown,
  patch: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged = new Map(isRecord(target) ? Object.entries(target) : [])
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name)
    else merged.set(name, isRecord(value) ? mergePatch(merged.get(name), value) : value)
  }
  return Object.fromEntries(merged)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
