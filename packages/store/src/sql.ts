/** A statement with its parameters apart, ready to send. */
export interface Statement {
  /** A named statement is prepared once a connection. */
  readonly name?: string
  readonly text: string
  readonly values: readonly unknown[] & unknown[]
}

/** Turns every `${value}` of the template into a parameter: text is never glued. */
export function sql(strings: TemplateStringsArray, ...values: unknown[]): Statement {
  return { text: joinText(strings), values }
}

/** Like `sql`, prepared under `name`: for statements that run often. One text per name. */
export function prepared(name: string) {
  return (strings: TemplateStringsArray, ...values: unknown[]): Statement => ({
    name,
    text: textOf(strings),
    values,
  })
}

// A tagged template hands over the same array each time, so its text is put together once.
const texts = new WeakMap<TemplateStringsArray, string>()

function textOf(strings: TemplateStringsArray): string {
  let text = texts.get(strings)
  if (text === undefined) {
    text = joinText(strings)
    texts.set(strings, text)
  }
  return text
}

function joinText(strings: TemplateStringsArray): string {
  return strings.reduce((text, part, index) => `${text}$${index}${part}`)
}
