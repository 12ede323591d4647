// A model as an ONNX file (opset 17): from what it reads to what it answers, with its params. Any batch size.
import { ConfigError } from '../base/errors.ts'
import { buildModel } from '../model/build-model.ts'
import type { ModelSpec } from '../model/spec.ts'
import { BATCH } from './emitter.ts'
import { exportGraph } from './export-graph.ts'

/** `packed` are params in the order of the model's layout. Inputs have the spec's names, integers as int64; the answer is `output`, what other heads read `<head>`. */
export function exportOnnx(spec: ModelSpec, packed: Float32Array, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const { output, heads, layout } = buildModel(spec, BATCH)
  if (packed.length !== layout.packedSize) throw new ConfigError(`params: must have ${layout.packedSize} elements for ${spec.name}, got ${packed.length}. Use params of this model.`)
  const others = heads.filter(({ from }) => from !== output)
  return exportGraph({
    name: spec.name,
    outputs: { output, ...Object.fromEntries(others.map(({ name, from }) => [name, from])) },
    params: Object.fromEntries(layout.entries.map(({ name, packedOffset, size }) => [name, packed.subarray(packedOffset, packedOffset + size)])),
    metadata: { model: spec.name, ...metadata },
  })
}
