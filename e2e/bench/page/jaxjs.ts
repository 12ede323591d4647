// jax-js as a contestant, the way its users write it: a jitted step of valueAndGrad and optimizer, images as [N, C, H, W].
// It counts references: a function owns its arguments, and `.ref` keeps one for a later use.
import { defaultDevice, init, jit, nn, numpy as np, valueAndGrad, vjp, blockUntilReady } from '@jax-js/jax'
import { product } from '../../../src/base/math.ts'
import type { HostArray } from '../../../src/graph/plan.ts'
import type { Layout } from '../../../src/model/layout.ts'
import type { Workload } from '../workloads.ts'
import { wired, type Contestant, type StepData, type WiredNode } from './contestant.ts'
import { applyLayer, fromOurs } from './jaxjs-layers.ts'

type Arrays = Record<string, np.Array>

/** Its gradient of a gather cannot be jitted on WebGPU: small tables are looked up by a product with one-hot rows, large ones outside of the jitted part. */
const ONE_HOT_BELOW = 256

// Types, not interfaces: only they have the index signatures of jax-js's trees.
type Slots = [Arrays, Arrays]
type State = { params: Arrays; slots: Slots }

export async function createJax(device: 'webgpu' | 'wasm', { workload, layout, params }: { workload: Workload; layout: Layout; params: Float32Array }): Promise<Contestant> {
  await init(device)
  defaultDevice(device)
  const { spec, batchSize, optimizer } = workload
  const nodes = wired(spec)
  const zerosLike = (): Arrays => Object.fromEntries(layout.entries.map((entry) => [entry.name, np.zeros([...fromOurs(entry, nodes, params, layout).shape])]))
  let state: State = {
    params: Object.fromEntries(layout.entries.map((entry) => [entry.name, toArray(fromOurs(entry, nodes, params, layout))])),
    slots: optimizer.name === 'adam' ? [zerosLike(), zerosLike()] : [{}, {}],
  }
  const gathered = nodes.filter((node) => isLargeTable(node))
  const lossOf = (trained: Arrays, inputs: Arrays): np.Array => meanLoss(forward(nodes, trained, inputs), inputs['labels']!)
  const update = (trained: Arrays, slots: Slots, grads: Arrays, hyper: np.Array): State => updated(workload, { params: trained, slots }, grads, hyper)
  const whole = jit((trained: Arrays, slots: Slots, inputs: Arrays, hyper: np.Array) => {
    const [loss, grads] = valueAndGrad(lossOf)(treeRef(trained), inputs)
    return [loss, update(trained, slots, grads as Arrays, hyper)] as [np.Array, State]
  })
  const inner = jit((trained: Arrays, vectors: Arrays, inputs: Arrays) => valueAndGrad((both: { trained: Arrays; vectors: Arrays }, given: Arrays) =>
    lossOf(both.trained, { ...given, ...both.vectors }))({ trained, vectors }, inputs))
  const updateJit = jit(update)
  let step = 0
  const run = (data: StepData): np.Array => {
    const inputs: Arrays = Object.fromEntries(Object.entries(data).map(([name, values]) => [name, toArray({ values, shape: name === 'labels' ? [values.length] : [batchSize, ...shapeOf(workload, name)] })]))
    const hyper = hyperArray(workload, ++step)
    if (gathered.length === 0) {
      const [loss, next] = whole(state.params, state.slots, inputs, hyper) as [np.Array, State]
      state = next
      return loss
    }
    return outside(inputs, hyper)
  }
  /** One step whose lookups of large tables, and their gradients, run before and after the jitted part. */
  function outside(inputs: Arrays, hyper: np.Array): np.Array {
    const { params: trained, slots } = state
    const tables = new Set(gathered.map(({ name }) => `${name}/weight`))
    const vectors: Arrays = {}
    const pulls = gathered.map(({ name, from }) => {
      const ids = inputs[from[0]!]!
      delete inputs[from[0]!]
      const [rows, pull] = vjp((table: np.Array) => np.take(table, ids.ref, 0), [trained[`${name}/weight`]!.ref])
      vectors[name] = rows
      return { name: `${name}/weight`, pull, ids }
    })
    const rest = Object.fromEntries(Object.entries(trained).filter(([name]) => !tables.has(name)).map(([name, array]) => [name, array.ref]))
    const [loss, both] = inner(rest, vectors, inputs) as [np.Array, { trained: Arrays; vectors: Arrays }]
    const grads = { ...both.trained }
    for (const { name, pull, ids } of pulls) {
      const [grad] = pull(both.vectors[name.replace(/\/weight$/, '')]!) as [np.Array]
      grads[name] = grad
      pull.dispose()
      ids.dispose()
    }
    state = updateJit(trained, slots, grads, hyper) as State
    return loss
  }
  return {
    async lossOf(data) {
      const [value] = await run(data).data()
      return value!
    },
    async steps(batches) {
      for (const data of batches) {
        const loss = run(data)
        // Its authors recommend waiting in each iteration, and it is not slower.
        await blockUntilReady(loss)
        loss.dispose()
      }
      await blockUntilReady(state.params)
    },
    dispose() {
      for (const array of [state.params, ...state.slots].flatMap((arrays) => Object.values(arrays))) array.dispose()
    },
  }
}

const isLargeTable = ({ layer, options }: WiredNode): boolean => layer === 'embedding' && (options['vocabulary'] as number) >= ONE_HOT_BELOW

const shapeOf = ({ spec }: Workload, name: string): readonly number[] => {
  const declared = spec.inputs[name]!
  return 'below' in declared ? declared.shape : declared
}

const toArray = ({ values, shape }: { readonly values: HostArray; readonly shape: readonly number[] }): np.Array =>
  np.array(values instanceof Uint32Array ? Int32Array.from(values) : values as Float32Array<ArrayBuffer>, { shape: [...shape] })

const treeRef = (arrays: Arrays): Arrays => Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.ref]))

/** Nodes that `inputs` has already (looked up outside) are taken from there. Owns its arguments. */
function forward(nodes: readonly WiredNode[], params: Arrays, inputs: Arrays): np.Array {
  const values: Arrays = { ...inputs }
  delete values['labels']
  for (const [name, value] of Object.entries(values)) if (value.ndim === 4) values[name] = np.transpose(value, [0, 3, 1, 2])
  for (const node of nodes) {
    if (node.name in values) continue
    values[node.name] = applyLayer(node, node.from.map((name) => values[name]!.ref), (tensor) => params[`${node.name}/${tensor}`]?.ref)
  }
  const output = values[nodes.at(-1)!.name]!
  for (const array of [...Object.values(values), ...Object.values(params)]) if (array !== output) array.dispose()
  return output
}

/** Mean over examples and positions. */
function meanLoss(logits: np.Array, labels: np.Array): np.Array {
  const classes = logits.shape.at(-1)!
  const rows = product(logits.shape) / classes
  const targets = nn.oneHot(labels, classes)
  return nn.logSoftmax(logits.reshape([rows, classes]), -1).mul(targets).sum().mul(-1 / rows)
}

const hyperArray = ({ optimizer: { name, learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999 } }: Workload, step: number): np.Array =>
  name === 'adam' ? np.array([learningRate / (1 - beta1 ** step), 1 / (1 - beta2 ** step)]) : np.array([learningRate, 0])

/** Owns its arguments. */
function updated({ optimizer: { name, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } }: Workload, { params, slots: [m, v] }: State, grads: Arrays, hyper: np.Array): State {
  const next = { params: {} as Arrays, m: {} as Arrays, v: {} as Arrays }
  const [rate, correction] = [hyper.ref.slice(0), hyper.slice(1)]
  for (const key of Object.keys(params)) {
    const g = grads[key]!
    if (name !== 'adam') {
      next.params[key] = params[key]!.sub(g.mul(rate.ref))
      continue
    }
    next.m[key] = m[key]!.mul(beta1).add(g.ref.mul(1 - beta1))
    next.v[key] = v[key]!.mul(beta2).add(np.square(g).mul(1 - beta2))
    next.params[key] = params[key]!.sub(next.m[key]!.ref.mul(rate.ref).div(np.sqrt(next.v[key]!.ref.mul(correction.ref)).add(epsilon)))
  }
  rate.dispose()
  correction.dispose()
  return { params: next.params, slots: [next.m, next.v] }
}
