import { readdir } from 'node:fs/promises'
import Schema from 'typebox/schema'
import { PermanentError, type Task } from './task.ts'

/** The tasks that this executor knows. */
export interface Registry {
  /** Their names, sorted. */
  readonly names: readonly string[]
  /** Letter case does not matter. */
  find(name: string): Task | undefined
}

const TASKS = new URL('./tasks/', import.meta.url)

/**
 * Loads every file of a folder as a task: adding a task is adding a file.
 *
 * @param folder ends with a slash
 * @throws {Error} when a file's default export is no task, or two tasks share a name
 */
export async function loadRegistry(folder: URL = TASKS): Promise<Registry> {
  const files = (await readdir(folder)).filter(isTaskFile).sort()
  const tasks: Task[] = []
  for (const file of files) {
    const module: { default?: unknown } = await import(new URL(file, folder).href)
    if (!isTask(module.default))
      throw new Error(`tasks/${file}: the default export must be a task with a name in snake_case`)
    const { name } = module.default
    if (tasks.some(task => task.name === name))
      throw new Error(`tasks/${file}: another file has a task named ${name}`)
    tasks.push(module.default)
  }
  return registryOf(tasks)
}

/** A registry of these tasks, whose names differ. */
export function registryOf(tasks: readonly Task[]): Registry {
  const byName = new Map(tasks.map(task => [task.name, task]))
  return { names: [...byName.keys()].sort(), find: name => byName.get(name.toLowerCase()) }
}

function isTaskFile(file: string): boolean {
  return file.endsWith('.ts') && !file.endsWith('.test.ts')
}

function isTask(value: unknown): value is Task {
  const task = value as Partial<Task> | null | undefined
  return (
    typeof task?.name === 'string' &&
    /^[a-z][a-z0-9_]*$/.test(task.name) &&
    typeof task.payload === 'object' &&
    typeof task.run === 'function'
  )
}

/**
 * Checks a payload against what the task asks for.
 *
 * @throws {PermanentError} names the field, says what it must be and what it is
 */
export function checkPayload(task: Task, payload: Record<string, unknown>): void {
  if (checkerOf(task).Check(payload)) return
  const [right, errors] = Schema.Errors(task.payload, payload)
  if (right) return
  const error = errors[0]!
  const field = fieldOf(error)
  if (field === undefined) throw new PermanentError(`payload ${error.message}`)
  const rule = describe(task, field) ?? error.message.replace(/^must be /, '')
  const got = field in payload ? `got ${show(payload[field])}` : 'but it is missing'
  throw new PermanentError(`payload.${field} must be ${rule}, ${got}`)
}

const checkers = new WeakMap<Task, Schema.Validator>()

/** Each task's schema is compiled once: telling what is wrong costs more, and is rarely asked for. */
function checkerOf(task: Task): Schema.Validator {
  const known = checkers.get(task)
  if (known !== undefined) return known
  const checker = Schema.Compile(task.payload)
  checkers.set(task, checker)
  return checker
}

type SchemaError = ReturnType<typeof Schema.Errors>[1][number]

/** The payload's own field in which the error lies, however deep. */
function fieldOf(error: SchemaError): string | undefined {
  if (error.instancePath !== '') return error.instancePath.split('/')[1]
  return error.keyword === 'required' ? error.params.requiredProperties[0] : undefined
}

function describe(task: Task, field: string): string | undefined {
  const { properties } = task.payload as { properties?: Record<string, { description?: string }> }
  return properties?.[field]?.description
}

const SHOWN_LENGTH = 80

/** A value in a message: as JSON, cut where it is long. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
}
