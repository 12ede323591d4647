// Makes a registry's entry of a codec: from the options' schema and the codec that given options make.
import * as v from 'valibot'
import type { Codec, RegisteredCodec } from './codec.ts'

export function register<S extends v.GenericSchema>(schema: S, create: (options: v.InferOutput<S>) => Codec): RegisteredCodec {
  const configure = (options: unknown): Codec => create(options as v.InferOutput<S>)
  return { ...configure(v.parse(schema, {})), schema, configure }
}

export const noOptions = v.strictObject({})
