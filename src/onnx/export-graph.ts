// A graph of ours as an ONNX file: inputs, params and outputs by name.
import { ConfigError, present } from '../base/errors.ts'
import { reachable } from '../graph/differentiate.ts'
import { isInput, isParam, sourceName } from '../graph/sources.ts'
import type { Tensor } from '../graph/tensor.ts'
import { BATCH, Emitter } from './emitter.ts'
import { encodeOnnx, type OnnxPort } from './proto.ts'
import { onnxRules } from './rules/index.ts'

export interface GraphExport {
  readonly name: string
  readonly outputs: Readonly<Record<string, Tensor>>
  /** Values of params by name. */
  readonly params?: Readonly<Record<string, Float32Array>>
  readonly metadata?: Readonly<Record<string, string>>
}

/** Dimensions of size BATCH may be of any size in the file. Throws ConfigError, naming the node, for ops without a rule. */
export function exportGraph({ name, outputs, params = {}, metadata = {} }: GraphExport): Uint8Array {
  const nodes = reachable(Object.values(outputs).map(({ node }) => node))
  const inputs = nodes.flatMap((node) => node.outputs).filter(isInput)
  const withBatch = inputs.find(({ shape }) => shape[0] === BATCH)
  const emitter = new Emitter(withBatch === undefined ? undefined : sourceName(withBatch))
  for (const node of nodes) {
    emitter.begin(node)
    const [output] = node.outputs
    if (isInput(output!)) emitter.define(output!, sourceName(output!))
    else if (isParam(output!)) emitter.param(output!, sourceName(output!), present(params[sourceName(output!)], `param ${sourceName(output!)}`))
    else {
      if (!onnxRules.has(node.op.name)) throw new ConfigError(`${node.label}: must be an op that ONNX export knows, got ${node.op.name}. Export safetensors, or a model without it.`)
      const names = [onnxRules.get(node.op.name).emit(node, emitter)].flat()
      names.forEach((value, i) => emitter.define(node.outputs[i]!, value))
    }
  }
  const ports = Object.entries(outputs).map(([key, tensor]): OnnxPort => {
    emitter.nodes.push({ type: 'Identity', name: `output ${key}`, inputs: [emitter.name(tensor)], outputs: [key], attributes: {} })
    return port(key, tensor)
  })
  return encodeOnnx({ name, nodes: emitter.nodes, tensors: emitter.initializers(), inputs: inputs.map((tensor) => port(sourceName(tensor), tensor)), outputs: ports, metadata })
}

const port = (name: string, { shape, element }: Tensor): OnnxPort =>
  ({ name, type: element === 'u32' ? 'int64' : 'float', shape: shape.map((size) => (size === BATCH ? 'batch' : size)) })
