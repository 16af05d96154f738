import { kafkaBusOf } from './kafka-bus.ts'
import { testPipeline } from './pipeline.ts'

const openBus = await kafkaBusOf()

testPipeline('kafka', async () => ({ bus: await openBus(), isShared: true }))
