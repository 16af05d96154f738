import type { CronError, CronField } from './cron.ts'

/** A piece of the expression, and where in it the piece begins. */
export interface Piece {
  readonly field: CronField | null
  readonly text: string
  readonly position: number
}

/** Ends the parsing from wherever it is; `parseCron` turns it into its answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly cronError: CronError

  constructor({ field, text, position }: Piece, message: string) {
    super(message)
    this.cronError = { field, text, position, message }
  }
}

/** The part of a piece from one offset to another, as `String.slice` counts them. */
export function slice(piece: Piece, start: number, end = piece.text.length): Piece {
  const { field, text, position } = piece
  return { field, text: text.slice(start, end), position: position + start }
}

/** Splits a piece at each comma. */
export function splitList(piece: Piece): Piece[] {
  const parts: Piece[] = []
  let position = piece.position
  for (const text of piece.text.split(',')) {
    parts.push({ field: piece.field, text, position })
    position += text.length + 1
  }
  return parts
}
