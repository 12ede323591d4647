// Every codec for updates. Tests iterate this list.
import { createRegistry } from '../base/registry.ts'
import { f32 } from './f32.ts'

export const codecs = createRegistry('codec', [f32])
