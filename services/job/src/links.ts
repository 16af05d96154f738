/** How a list goes on, by the relation of the page to this one (RFC 8288). */
export type Links = Readonly<
  Partial<Record<'first' | 'prev' | 'next' | 'last', Readonly<Record<string, string | number>>>>
>

/**
 * The `Link` header of a list: this request's address with some parameters replaced. It names no
 * host, so it holds behind every proxy.
 */
export function linkHeader(url: string, links: Links): string {
  const [path = '', query] = url.split('?', 2)
  return Object.entries(links)
    .map(([relation, changes]) => {
      const parameters = new URLSearchParams(query)
      for (const [name, value] of Object.entries(changes)) parameters.set(name, String(value))
      return `<${path}?${parameters}>; rel="${relation}"`
    })
    .join(', ')
}

/** Where a page stands in a list that is told in pages. */
export interface PageOfList {
  /** From 1. */
  readonly page: number
  readonly size: number
  /** Entries on this page. */
  readonly length: number
  readonly count: number
  /** Whether `count` is all there are, and not just the least. */
  readonly isExact: boolean
}

export function linksOf({ page, size, length, count, isExact }: PageOfList): Links {
  const last = Math.max(1, Math.ceil(count / size))
  const hasNext = isExact ? page < last : page < last || length === size
  return {
    first: { page: 1 },
    ...(page > 1 ? { prev: { page: isExact ? Math.min(page - 1, last) : page - 1 } } : {}),
    ...(hasNext ? { next: { page: page + 1 } } : {}),
    ...(isExact ? { last: { page: last } } : {}),
  }
}
