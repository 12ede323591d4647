// Every codec for updates. Tests iterate this list.
import { ConfigError } from '../base/errors.ts'
import { parseOptions } from '../base/parse-options.ts'
import { createRegistry } from '../base/registry.ts'
import type { Codec, CodecChoice, RegisteredCodec } from './codec.ts'
import { f16 } from './f16.ts'
import { f32 } from './f32.ts'
import { int8 } from './int8.ts'

export const codecs = createRegistry<RegisteredCodec>('codec', [f32, f16, int8])

export interface ResolvedCodec {
  readonly codec: Codec
  readonly errorFeedback: boolean
}

/** The codec that a run file names, with its options. Throws ConfigError for what there is not. */
export function resolveCodec(choice: CodecChoice): ResolvedCodec {
  const { name, errorFeedback = false, ...options } = typeof choice === 'string' ? { name: choice } : choice
  const entry = codecs.get(name)
  const codec = entry.configure(parseOptions(entry.schema, options, `codec ${name}`))
  if (errorFeedback && codec.lossless) throw new ConfigError(`codec ${name}.errorFeedback: must be left out, as ${name} loses nothing, got true. Remove it, or name a lossy codec.`)
  return { codec, errorFeedback }
}
