const SHOWN_LENGTH = 100

/** What a client wrote, as a message shows it: in quotes, cut where it is long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text)
}
