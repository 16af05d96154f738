import type { UserId } from './ids.ts'

/*
 * A request that its sender marks with a key can be sent again when its answer was lost: what was
 * asked for is done once, and the same answer comes again.
 */

/** The right to carry out the request of a key, which only one handling of it has at a time. */
export interface KeyClaim {
  readonly owner: UserId
  readonly key: string
  /** Differs with each handling; one whose claim was taken over can store nothing. */
  readonly token: string
}

/** An answer to be kept for the key that was claimed. */
export interface KeptAnswer {
  readonly claim: KeyClaim
  readonly status: number
  /** As it was sent; null for none. */
  readonly body: string | null
}

/** What the key of a request turned out to be. */
export type ClaimedKey =
  | { readonly kind: 'new'; readonly claim: KeyClaim }
  | { readonly kind: 'answered'; readonly status: number; readonly body: string | null }
  | { readonly kind: 'under way' }
  /** It came before with another method, path or body. */
  | { readonly kind: 'other request' }
