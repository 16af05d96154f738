const LONGEST = 254 // RFC 5321, 4.5.3.1.3

/**
 * Whether the text is one plain address, `local@domain`: no display name, no comment, no list, no
 * line break, nothing that could mean more than one recipient.
 */
export function isAddress(text: string): boolean {
  return (
    text.length <= LONGEST &&
    /^[^\s@"(),:;<>[\]\\\p{Cc}]{1,64}@[^\s@"(),:;<>[\]\\\p{Cc}]+$/u.test(text) &&
    !/[.@-]@|@[.-]|\.\.|[.-]$|^\./.test(text)
  )
}
