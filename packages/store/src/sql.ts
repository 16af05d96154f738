/** A statement with its parameters apart, ready to send. */
export interface Statement {
  /** A named statement is prepared once a connection. */
  readonly name?: string
  readonly text: string
  readonly values: readonly unknown[] & unknown[]
}

/** Turns every `${value}` of the template into a parameter: text is never glued. */
export function sql(strings: TemplateStringsArray, ...values: unknown[]): Statement {
  if (!values.some(value => value instanceof Part)) return { text: joinText(strings), values }
  const whole = new Part(strings, values).flat()
  return { text: joinText(whole.strings), values: whole.values }
}

/** A part that several statements have in common, put into one of `sql` as a `${value}`. */
export function sqlPart(strings: TemplateStringsArray, ...values: unknown[]): object {
  return new Part(strings, values)
}

class Part {
  readonly strings: readonly string[]
  readonly values: unknown[]

  constructor(strings: readonly string[], values: unknown[]) {
    this.strings = strings
    this.values = values
  }

  /** With the parts in it put in their places. */
  flat(): Part {
    const strings = [this.strings[0]!]
    const values: unknown[] = []
    for (const [index, value] of this.values.entries()) {
      const inner = value instanceof Part ? value.flat() : { strings: ['', ''], values: [value] }
      strings.push(`${strings.pop()}${inner.strings[0]}`, ...inner.strings.slice(1))
      strings.push(`${strings.pop()}${this.strings[index + 1]}`)
      values.push(...inner.values)
    }
    return new Part(strings, values)
  }
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

function joinText(strings: readonly string[]): string {
  return strings.reduce((text, part, index) => `${text}$${index}${part}`)
}
