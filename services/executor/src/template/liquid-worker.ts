import { Liquid } from 'liquidjs'
import type { Rendering, RenderRequest } from './render.ts'

/** So much may a template and what becomes of it take, each in liquidjs' own measure. */
const liquid = new Liquid({
  parseLimit: 1_000_000, // characters
  renderLimit: 2_000, // milliseconds
  memoryLimit: 20_000_000, // about bytes
  strictFilters: true, // a misspelt filter is an error; a missing value is empty
  ownPropertyOnly: true,
  templates: {}, // include, render and layout find nothing: no file is ever read
})

/** Runs in a thread: renders each text with the data. */
export default function render({ texts, data }: RenderRequest): Rendering {
  try {
    return { texts: texts.map(text => liquid.parseAndRenderSync(text, data)) }
  } catch (error) {
    return { broken: error instanceof Error ? error.message : String(error) }
  }
}
