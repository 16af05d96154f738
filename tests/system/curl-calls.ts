import { readFile } from 'node:fs/promises'

/** A call of curl as a page shows it. */
export interface CurlCall {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

const PAGE = new URL('../../docs/walk-through.md', import.meta.url)

/** The calls of docs/walk-through.md, in order, so that what a person pastes is what is tested. */
export async function curlCalls(): Promise<CurlCall[]> {
  const page = await readFile(PAGE, 'utf8')
  const blocks = Array.from(page.matchAll(/^```bash\n(.*?)^```/gms), ([, block]) => block!)
  return blocks
    .join('\n')
    .split(/^curl /m)
    .slice(1)
    .map(parseCall)
}

/** Reads the options that the page uses; their values stand in single quotes. */
function parseCall(text: string): CurlCall {
  const url = /'(https?:[^']+)'/.exec(text)?.[1]
  if (url === undefined) throw new Error(`a call of curl must have a URL, got ${text}`)
  const headers = Array.from(text.matchAll(/--header '([^:]+): ([^']*)'/g), ([, name, value]) => [
    name!,
    value!,
  ])
  const body = /--data(?:-raw)? '([^']*)'/.exec(text)?.[1]
  return { url: new URL(url), headers: Object.fromEntries(headers), body }
}
