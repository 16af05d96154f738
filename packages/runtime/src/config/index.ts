export { type DatabaseConfig, databaseAddress, databaseSettings } from './database.ts'
export {
  graceSetting,
  leaseSettings,
  maxAttemptsSetting,
  retrySettings,
  runningPerOwnerSetting,
} from './engine.ts'
export { checkKafka, type KafkaConfig, kafkaSettings } from './kafka.ts'
export { ConfigError, describeConfig, loadConfig } from './load.ts'
export { Secret } from './secret.ts'
export { jwtSettings, logSettings, serverSettings, trustedProxiesSetting } from './server.ts'
export {
  type Config,
  type Declaration,
  environmentName,
  type Family,
  family,
  isSecretKey,
  optional,
  type Setting,
  setting,
  settingsOf,
} from './setting.ts'
export { givenValues, readProperties, readSources, type Source } from './sources.ts'
export {
  commaList,
  databaseUrl,
  duration,
  flag,
  httpUrl,
  oneOf,
  secretText,
  text,
  type ValueType,
  wholeNumber,
} from './values.ts'
