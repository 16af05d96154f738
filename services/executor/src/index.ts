export {
  type ExecutorConfig,
  executorConfig,
  executorServiceConfig,
  toolsConfig,
} from './config.ts'
export { loadRegistry, type Registry, registryOf } from './registry.ts'
export { type ExecutorDeps, type StartedExecutor, startExecutor } from './service.ts'
export {
  defineTask,
  FencedOutError,
  PermanentError,
  RetryAfterError,
  type Task,
  type TaskContext,
  type TaskLog,
  type TaskProgress,
} from './task.ts'
export { openTools, type TaskTools, type ToolsConfig } from './tools.ts'
