declare const brand: unique symbol

/** A value of type `T` that only its own parser makes, so that ids of two kinds never mix. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
