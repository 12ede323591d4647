// Which models a run can lease: shards hold one input and one label for each example, and updates hold params alone.
import { ConfigError } from '../../src/base/errors.ts'
import type { DatasetManifest } from '../../src/data/dataset.ts'
import { formatShape } from '../../src/graph/tensor.ts'
import { sourceName } from '../../src/graph/sources.ts'
import { buildModel } from '../../src/model/build-model.ts'
import type { ModelSpec } from '../../src/model/spec.ts'

/** Throws ConfigError for a model that volunteers could not train on this data set. */
export function checkModel(spec: ModelSpec, { name, shape, classes }: DatasetManifest): void {
  const { inputs, heads, layout } = buildModel(spec, 1)
  const [x, ...others] = Object.entries(inputs)
  if (others.length > 0 || x![0] !== 'x' || x![1].element !== 'f32') throw new ConfigError(`model ${spec.name}: must read real numbers as its only input x to be leased, got ${Object.keys(inputs).join(', ')}. Train it with the engine alone.`)
  const read = x![1].shape.slice(1)
  if (read.join() !== shape.join()) throw new ConfigError(`model ${spec.name}: must read examples of data set ${name}, got x ${formatShape(read)} for examples ${formatShape(shape)}. Choose another model or data set.`)
  const [head, ...more] = heads
  if (more.length > 0 || sourceName(head!.target) !== 'labels' || head!.target.element !== 'u32' || head!.target.shape.length !== 1) throw new ConfigError(`model ${spec.name}: must have one head, compared with a label for each example, to be leased, got ${heads.map((each) => each.name).join(', ')}. Train it with the engine alone.`)
  if (head!.from.shape.at(-1)! < classes) throw new ConfigError(`model ${spec.name}: must tell the ${classes} classes of data set ${name} apart, got ${head!.from.shape.at(-1)}. Choose another model or data set.`)
  const buffer = layout.entries.find(({ role }) => role === 'buffer')
  if (buffer !== undefined) throw new ConfigError(`model ${spec.name}: must have no running statistics to be leased, as updates do not carry them, got ${buffer.name}. Use group-norm instead of batch-norm.`)
}
