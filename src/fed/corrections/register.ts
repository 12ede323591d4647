// Makes a registry's entry of a correction: from the options' schema and the correction that given options make.
import * as v from 'valibot'
import type { Correction, RegisteredCorrection } from './correction.ts'

export function registerCorrection<S extends v.GenericSchema>(schema: S, create: (options: v.InferOutput<S>) => Correction): RegisteredCorrection {
  const configure = (options: unknown): Correction => create(options as v.InferOutput<S>)
  return { ...configure(v.parse(schema, {})), schema, configure }
}
