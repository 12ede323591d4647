// ModelSpec -> symbolic graph and Layout. A wrong spec is refused with the node's path, both shapes and the remedy.
import { ConfigError } from '../base/errors.ts'
import { parseOptions } from '../base/parse-options.ts'
import { nearest } from '../base/registry.ts'
import { input, param } from '../graph/sources.ts'
import { formatShape, inScope, type Tensor } from '../graph/tensor.ts'
import { createLayout, type Layout } from './layout.ts'
import { layers } from './layers/index.ts'
import type { ParamDeclaration } from './layers/layer.ts'
import type { ModelSpec, NodeSpec } from './spec.ts'
import { ModelSpecSchema } from './spec-schema.ts'

export interface Model {
  readonly spec: ModelSpec
  readonly batchSize: number
  readonly layout: Layout
  /** In the order of `layout.entries`; names are whole: `dense1/weight`. */
  readonly declarations: readonly ParamDeclaration[]
  readonly params: readonly Tensor[]
  /** [B, ...shape] by name. */
  readonly inputs: Readonly<Record<string, Tensor>>
  readonly output: Tensor
}

/** Names that programs give to inputs of their own. */
const RESERVED_INPUTS = ['labels', 'weights', 'hyper']

/** Packed params above this are refused: 1 GiB. */
const MAX_PARAMS = 2 ** 28

export function buildModel(spec: ModelSpec, batchSize: number): Model {
  parseOptions(ModelSpecSchema, spec, 'model')
  const inputs = buildInputs(spec, batchSize)
  const tensors = new Map(Object.entries(inputs))
  const declared: { declaration: ParamDeclaration; tensor: Tensor }[] = []
  const reads = new Map<string, readonly string[]>()
  let previous = Object.keys(inputs)[0]!
  for (const node of spec.nodes) {
    if (tensors.has(node.name)) throw new ConfigError(`${node.name}: must have a name of its own, got one that is taken. Rename the node.`)
    const names = node.from ?? [previous]
    const from = names.map((name) => resolve(name, node.name, tensors))
    tensors.set(node.name, buildNode(node, from, declared))
    reads.set(node.name, names)
    previous = node.name
  }
  const output = resolve(spec.output, 'output', tensors)
  checkUse(spec, tensors, reads)
  const declarations = declared.map(({ declaration }) => declaration)
  const layout = createLayout(declarations.map(({ name, shape }) => ({ name, shape, role: 'param' as const })))
  if (layout.packedSize === 0) throw new ConfigError(`${spec.name}: must have a layer with params, got none. Add a dense node.`)
  if (layout.packedSize > MAX_PARAMS) throw new ConfigError(`${spec.name}: must have at most ${MAX_PARAMS} params, got ${layout.packedSize}. Use smaller layers.`)
  return { spec, batchSize, layout, declarations, params: declared.map(({ tensor }) => tensor), inputs, output }
}

function buildInputs(spec: ModelSpec, batchSize: number): Readonly<Record<string, Tensor>> {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) throw new ConfigError(`batchSize: must be a whole number above 0, got ${batchSize}. Use 64, for example.`)
  const entries = Object.entries(spec.inputs)
  if (entries.length === 0) throw new ConfigError(`${spec.name}.inputs: must name an input, got none. Add { "x": [28, 28, 1] }, for example.`)
  return Object.fromEntries(entries.map(([name, shape]) => {
    if (RESERVED_INPUTS.includes(name)) throw new ConfigError(`${spec.name}.inputs: must not be called ${RESERVED_INPUTS.join(', ')}, got "${name}". Call it "x".`)
    return [name, input(name, [batchSize, ...shape])]
  }))
}

function buildNode(node: NodeSpec, from: readonly Tensor[], declared: { declaration: ParamDeclaration; tensor: Tensor }[]): Tensor {
  const layer = layers.get(node.layer)
  if (from.length !== layer.inputs) throw new ConfigError(`${node.name}: must read ${layer.inputs} tensor${layer.inputs === 1 ? '' : 's'}, got ${from.length}. Correct its "from".`)
  const options = parseOptions(layer.schema, node.options ?? {}, `${node.name} (${layer.name})`)
  return inScope(node.name, () => layer.build(from, options, {
    path: node.name,
    param(declaration) {
      const name = `${node.name}/${declaration.name}`
      const tensor = param(name, declaration.shape)
      declared.push({ declaration: { ...declaration, name }, tensor })
      return tensor
    },
  }))
}

function resolve(name: string, reader: string, tensors: ReadonlyMap<string, Tensor>): Tensor {
  const tensor = tensors.get(name)
  if (tensor === undefined) throw new ConfigError(`${reader}: must read an input or an earlier node, got "${name}". ${nearest(name, [...tensors.keys()])}`)
  return tensor
}

/** An unread node would hold params that never learn. */
function checkUse(spec: ModelSpec, tensors: ReadonlyMap<string, Tensor>, reads: ReadonlyMap<string, readonly string[]>): void {
  const used = new Set([spec.output])
  for (const name of [...tensors.keys()].reverse()) if (used.has(name)) for (const from of reads.get(name) ?? []) used.add(from)
  for (const [name, tensor] of tensors) {
    if (!used.has(name)) throw new ConfigError(`${name}: must lead to the output "${spec.output}", got a tensor ${formatShape(tensor.shape.slice(1))} that nothing reads. Remove it, or read it.`)
  }
}
