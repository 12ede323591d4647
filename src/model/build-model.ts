// ModelSpec -> symbolic graph and Layout. A wrong spec is refused with the node's path, both shapes and the remedy.
import { ConfigError, present } from '../base/errors.ts'
import { parseOptions } from '../base/parse-options.ts'
import { nearest } from '../base/registry.ts'
import type { Call } from '../graph/call.ts'
import { scale } from '../graph/ops/pointwise.ts'
import { input, param } from '../graph/sources.ts'
import { formatShape, inScope, sameShape, storage, type Tensor } from '../graph/tensor.ts'
import { createLayout, type Layout, type TensorEntry, type TensorRole } from './layout.ts'
import { layers } from './layers/index.ts'
import { RANDOM, type Layer, type LayerContext, type ParamDeclaration } from './layers/layer.ts'
import { losses } from './losses/index.ts'
import type { HeadSpec, ModelSpec, NodeSpec } from './spec.ts'
import { ModelSpecSchema } from './spec-schema.ts'

export interface Model {
  readonly spec: ModelSpec
  readonly batchSize: number
  readonly layout: Layout
  /** In the order of `layout.entries`; names are whole: `dense1/weight`. */
  readonly declarations: readonly ParamDeclaration[]
  /** Tensors of every role, in the order of `layout.entries`. */
  readonly params: readonly Tensor[]
  /** [B, ...shape] by name; targets that the model does not read are not among them. */
  readonly inputs: Readonly<Record<string, Tensor>>
  /** What inputs and nodes give, by name. */
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly output: Tensor
  readonly heads: readonly Head[]
  /** [B]: 0 marks padding. */
  readonly weights: Tensor
  /** Calls at the end of a training run. */
  readonly updates: readonly Call[]
}

/** One loss of the model. */
export interface Head {
  readonly name: string
  /** What it reads. */
  readonly from: Tensor
  readonly target: Tensor
  /** Its integers lie below this. */
  readonly below?: number
  /** 1 where nothing was said. */
  readonly weight: number
  /** [B], times the examples' weights and the head's. */
  readonly loss: Tensor
  readonly correct?: Tensor
}

export interface BuildOptions {
  /** As layers behave in training; they declare the same tensors either way. */
  readonly training?: boolean
}

/** Inputs that programs have of their own. */
const RESERVED_INPUTS = ['labels', 'weights', 'hyper', 'random']

/** Packed params above this are refused: 1 GiB. */
const MAX_PARAMS = 2 ** 28

const DEFAULT_HEADS: readonly HeadSpec[] = [{ name: 'labels', loss: { name: 'softmax-cross-entropy' } }]

export function buildModel(spec: ModelSpec, batchSize: number, { training = false }: BuildOptions = {}): Model {
  parseOptions(ModelSpecSchema, spec, 'model')
  const inputs = buildInputs(spec, batchSize)
  const below = new Map(Object.entries(spec.inputs).flatMap(([name, declared]) => ('below' in declared ? [[inputs[name]!, declared.below]] : [])))
  const builder = createBuilder(training, below)
  const tensors = new Map(Object.entries(inputs))
  const reads = new Map<string, readonly string[]>()
  let previous = Object.keys(inputs)[0]!
  for (const node of spec.nodes) {
    if (tensors.has(node.name)) throw new ConfigError(`${node.name}: must have a name of its own, got one that is taken. Rename the node.`)
    const names = node.from ?? [previous]
    tensors.set(node.name, builder.build(node, names.map((name) => resolve(name, node.name, tensors))))
    reads.set(node.name, names)
    previous = node.name
  }
  const output = resolve(spec.output, 'output', tensors)
  checkReal(output, 'output')
  const weights = input('weights', [batchSize])
  const heads = buildHeads(spec, { tensors, inputs, weights })
  checkUse(spec, tensors, reads)
  const declared = builder.declared()
  const layout = createLayout([...declared.values()].map(({ declaration: { name, shape }, role }) => ({ name, shape, role })))
  const of = ({ name }: TensorEntry): Declared => present(declared.get(name), name)
  if (!layout.entries.some(({ role }) => role === 'param')) throw new ConfigError(`${spec.name}: must have a layer with params, got none. Add a dense node.`)
  if (layout.packedSize > MAX_PARAMS) throw new ConfigError(`${spec.name}: must have at most ${MAX_PARAMS} params, got ${layout.packedSize}. Use smaller layers.`)
  return {
    spec, batchSize, layout, inputs, tensors, output, heads, weights,
    declarations: layout.entries.map((entry) => of(entry).declaration),
    params: layout.entries.map((entry) => of(entry).tensor),
    updates: builder.updates,
  }
}

function buildInputs(spec: ModelSpec, batchSize: number): Readonly<Record<string, Tensor>> {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) throw new ConfigError(`batchSize: must be a whole number above 0, got ${batchSize}. Use 64, for example.`)
  const entries = Object.entries(spec.inputs)
  if (entries.length === 0) throw new ConfigError(`${spec.name}.inputs: must name an input, got none. Add { "x": [28, 28, 1] }, for example.`)
  return Object.fromEntries(entries.map(([name, declared]) => {
    if (RESERVED_INPUTS.includes(name)) throw new ConfigError(`${spec.name}.inputs: must not be called ${RESERVED_INPUTS.join(', ')}, got "${name}". Call it "x".`)
    return [name, 'below' in declared ? input(name, [batchSize, ...declared.shape], 'u32') : input(name, [batchSize, ...declared])]
  }))
}

interface Declared {
  readonly declaration: ParamDeclaration
  readonly tensor: Tensor
  readonly role: TensorRole
}

interface Builder {
  build(node: NodeSpec, from: readonly Tensor[]): Tensor
  /** By their whole names. */
  readonly declared: () => ReadonlyMap<string, Declared>
  readonly updates: readonly Call[]
}

/** `below` are the bounds of integer inputs. */
function createBuilder(training: boolean, below: ReadonlyMap<Tensor, number>): Builder {
  const all = new Map<string, Declared>()
  const updates: Call[] = []
  const owners = new Map<string, NodeSpec>()
  let key: Tensor | undefined
  let stream = 0
  const declare = (node: NodeSpec, declaration: ParamDeclaration, role: TensorRole): Tensor => {
    const owner = ownerOf(node, owners)
    const name = `${owner.name}/${declaration.name}`
    const known = all.get(name)
    if (known === undefined) {
      if (owner !== node) throw new ConfigError(`${node.name}: must have the params of "${owner.name}" to share them, got ${declaration.name}, which that node has not. Give both the same options.`)
      const tensor = param(name, declaration.shape)
      all.set(name, { declaration: { ...declaration, name }, tensor, role })
      return tensor
    }
    if (!sameShape(known.tensor.shape, declaration.shape)) throw new ConfigError(`${node.name}: must have params of the shape of ${name} to share them, got ${formatShape(declaration.shape)} and ${formatShape(known.tensor.shape)}. Let both read tensors of one shape.`)
    return known.tensor
  }
  return {
    updates,
    declared: () => all,
    build(node, from) {
      owners.set(node.name, node)
      const owner = ownerOf(node, owners)
      if (owner !== node && node.frozen !== undefined) throw new ConfigError(`${node.name}: must leave it to "${owner.name}", whose params it shares, whether they are frozen, got frozen: ${node.frozen}. Set it there.`)
      const frozen = owner.frozen === true
      const context: LayerContext = {
        path: node.name,
        below: (integers) => present(below.get(storage(integers)), `bound of the integers that ${node.name} reads`),
        training: training && !frozen,
        param: (declaration) => declare(node, declaration, frozen ? 'frozen' : 'param'),
        buffer: (declaration) => declare(node, declaration, frozen ? 'frozen' : 'buffer'),
        update: (call) => { updates.push(call) },
        random: () => ({ key: key ??= input('random', [RANDOM.length], 'u32'), stream: stream++ }),
      }
      return buildNode(node, from, context)
    },
  }
}

/** The node whose params `node` uses: itself, or what it shares with. */
function ownerOf(node: NodeSpec, nodes: ReadonlyMap<string, NodeSpec>): NodeSpec {
  let owner = node
  while (owner.shares !== undefined) {
    const found = nodes.get(owner.shares)
    if (found === undefined || found === owner) {
      const earlier = [...nodes.keys()].filter((name) => name !== owner.name)
      throw new ConfigError(`${owner.name}: must share the params of an earlier node, got "${owner.shares}". ${earlier.length === 0 ? 'Put that one first.' : nearest(owner.shares, earlier)}`)
    }
    if (found.layer !== owner.layer) throw new ConfigError(`${owner.name}: must share the params of a ${owner.layer} node, got the ${found.layer} node "${found.name}". Use one layer for both.`)
    owner = found
  }
  return owner
}

function buildNode(node: NodeSpec, from: readonly Tensor[], context: LayerContext): Tensor {
  const layer = layers.get(node.layer)
  checkInputs(layer, node.name, from)
  const options = parseOptions(layer.schema, node.options ?? {}, `${node.name} (${layer.name})`)
  return inScope(node.name, () => layer.build(from, options, context))
}

function checkInputs({ inputs, integers }: Layer, path: string, from: readonly Tensor[]): void {
  const count = from.length
  const wanted = typeof inputs === 'number' ? `${inputs} tensor${inputs === 1 ? '' : 's'}` : `at least ${inputs.atLeast} tensors`
  if (typeof inputs === 'number' ? count !== inputs : count < inputs.atLeast) throw new ConfigError(`${path}: must read ${wanted}, got ${count}. Correct its "from".`)
  if (integers !== true) for (const tensor of from) checkReal(tensor, path)
}

function checkReal({ element, shape }: Tensor, path: string): void {
  if (element !== 'f32') throw new ConfigError(`${path}: must read real numbers, got integers ${formatShape(shape.slice(1))}. Put an embedding node before it.`)
}

interface HeadParts {
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly inputs: Readonly<Record<string, Tensor>>
  readonly weights: Tensor
}

function buildHeads(spec: ModelSpec, { tensors, inputs, weights }: HeadParts): readonly Head[] {
  const targets = new Map<string, Tensor>()
  const names = new Set<string>()
  return (spec.heads ?? DEFAULT_HEADS).map((head): Head => {
    if (names.has(head.name)) throw new ConfigError(`head ${head.name}: must have a name of its own, got one that is taken. Rename the head.`)
    names.add(head.name)
    const from = resolve(head.from ?? spec.output, `head ${head.name}`, tensors)
    checkReal(from, `head ${head.name}`)
    const { name, ...given } = head.loss
    const loss = losses.get(name)
    const path = spec.heads === undefined ? spec.output : `head ${head.name}`
    const options = parseOptions(loss.schema, given, `${path} (${name})`)
    const type = loss.target(from.shape, options, path)
    const key = head.target ?? 'labels'
    if (key !== 'labels' && RESERVED_INPUTS.includes(key)) throw new ConfigError(`${path}: must have a target of another name than ${RESERVED_INPUTS.slice(1).join(', ')}, got "${key}". Call it "${head.name}".`)
    // Not `inputs[key]`: a target may be called constructor.
    const declared = Object.hasOwn(inputs, key) ? inputs[key] : undefined
    const target = declared ?? targets.get(key) ?? input(key, type.shape, type.element)
    if (target.element !== type.element || !sameShape(target.shape, type.shape)) {
      throw new ConfigError(`${path}: must be compared with ${type.element} ${formatShape(type.shape.slice(1))}, got "${key}", which is ${target.element} ${formatShape(target.shape.slice(1))}. Name another target.`)
    }
    if (declared === undefined) targets.set(key, target)
    const weighted = head.weight === undefined || head.weight === 1 ? weights : inScope(head.name, () => scale(weights, head.weight!))
    return { name: head.name, from, target, ...(type.below === undefined ? {} : { below: type.below }), weight: head.weight ?? 1, ...inScope(`loss/${head.name}`, () => loss.build({ output: from, target, weights: weighted }, options)) }
  })
}

function resolve(name: string, reader: string, tensors: ReadonlyMap<string, Tensor>): Tensor {
  const tensor = tensors.get(name)
  if (tensor === undefined) throw new ConfigError(`${reader}: must read an input or an earlier node, got "${name}". ${nearest(name, [...tensors.keys()])}`)
  return tensor
}

/** An unread node would hold params that never learn. */
function checkUse(spec: ModelSpec, tensors: ReadonlyMap<string, Tensor>, reads: ReadonlyMap<string, readonly string[]>): void {
  const used = new Set([spec.output, ...(spec.heads ?? []).flatMap(({ from, target }) => [from ?? spec.output, ...(target !== undefined && Object.hasOwn(spec.inputs, target) ? [target] : [])])])
  for (const name of [...tensors.keys()].reverse()) if (used.has(name)) for (const from of reads.get(name) ?? []) used.add(from)
  for (const [name, tensor] of tensors) {
    if (!used.has(name)) throw new ConfigError(`${name}: must lead to the output "${spec.output}", got a tensor ${formatShape(tensor.shape.slice(1))} that nothing reads. Remove it, or read it.`)
  }
}
