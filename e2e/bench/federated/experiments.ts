// Where a figure is far from the published one: the same cell with one thing changed at a time, and its rate tuned again.
import { zoo } from '../../../src/model/zoo/index.ts'
import type { ModelSpec } from '../../../src/model/spec.ts'
import { CELLS, type Cell } from './cells.ts'
import type { Variant } from './tune.ts'

interface Experiment {
  readonly cell: Cell
  readonly variant: Variant
}

/** The 2NN, its weights begun otherwise. */
function begunBy(initialiser: { readonly name: string; readonly gain?: number }): ModelSpec {
  const { spec } = zoo.get('mlp-2nn')
  return { ...spec, nodes: spec.nodes.map((node) => (node.layer === 'dense' ? { ...node, options: { ...node.options, initialiser } } : node)) }
}

const cellNamed = (name: string): Cell => CELLS.find((cell) => cell.name === name)!
const iid = cellNamed('iid-10')

export const EXPERIMENTS: readonly Experiment[] = [
  { cell: iid, variant: { name: 'slower', title: 'at a rate that is not its best', plan: {}, rate: 0.0463 } },
  { cell: iid, variant: { name: 'normal-0.1', title: 'weights drawn with standard deviation 0.1', plan: { model: begunBy({ name: 'truncated-normal', gain: 0.1 }) } } },
  { cell: { ...iid, centre: iid.centre / 4 }, variant: { name: 'standardised', title: 'inputs of mean 0 and variance 1', plan: { scaling: { scale: 1 / (255 * 0.3081), offset: -0.1307 / 0.3081 } } } },
  { cell: cellNamed('iid-all'), variant: { name: 'slower', title: 'at a rate that is not its best', plan: {}, rate: 0.147 } },
  { cell: cellNamed('shards-10'), variant: { name: 'slower', title: 'at a rate that is not its best', plan: {}, rate: 0.0316 } },
]
