import { takeTurns } from '../turns.ts'

/** Deeper lists and objects are refused: what reads them later recurses. */
const MAX_DEPTH = 100
/** Values between two looks at the time. */
const WALKED_AT_ONCE = 500

/**
 * What keeps a JSON value from being stored as it is: PostgreSQL knows neither NUL nor half a
 * surrogate pair, JSON has no infinity, and a key `__proto__` changes the object it is copied to.
 * Walks without recursion, so that no nesting exhausts the stack, and lets other requests have
 * their turn in between.
 *
 * @returns one sentence that names the place, or null when all is well
 */
export async function findUnstorable(root: unknown): Promise<string | null> {
  const turn = takeTurns()
  const waiting: { value: unknown; path: string; depth: number }[] = [
    { value: root, path: '', depth: 0 },
  ]
  let walked = 0
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, path, depth } = next
    if (++walked % WALKED_AT_ONCE === 0) await turn()
    const name = path === '' ? 'the body' : path
    if (typeof value === 'string') {
      const problem = findUnstorableText(value)
      if (problem !== null) return `${name} ${problem}`
    } else if (typeof value === 'number') {
      if (!Number.isFinite(value)) return `${name} must be a number that is not out of range`
    } else if (typeof value === 'object' && value !== null) {
      if (depth === MAX_DEPTH) return `the body must not be nested deeper than ${MAX_DEPTH} levels`
      for (const [key, child] of Object.entries(value)) {
        if (key === '__proto__') return 'the body must not have a key __proto__'
        const problem = findUnstorableText(key)
        if (problem !== null) return `a key in ${name} ${problem}`
        const childPath = Array.isArray(value) ? `${path}[${key}]` : path ? `${path}.${key}` : key
        waiting.push({ value: child, path: childPath, depth: depth + 1 })
      }
    }
  }
  return null
}

/** @returns the end of a sentence that begins with the text's name, or null when all is well */
export function findUnstorableText(text: string): string | null {
  if (text.includes('\0')) return 'must not contain a NUL character'
  if (!text.isWellFormed()) return 'must not contain half of a surrogate pair'
  return null
}
