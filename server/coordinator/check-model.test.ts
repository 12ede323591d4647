// Models that a run cannot lease are refused before it starts.
import { expect, test } from 'vitest'
import { ConfigError } from '../../src/base/errors.ts'
import type { DatasetManifest } from '../../src/data/dataset.ts'
import type { ModelSpec } from '../../src/model/spec.ts'
import { zoo } from '../../src/model/zoo/index.ts'
import { checkModel } from './check-model.ts'

const split = { examples: 1, shards: [] }
const digits: DatasetManifest = { name: 'digits', shape: [28, 28, 1], classes: 10, classNames: [], scale: 1, offset: 0, train: split, test: split }
const dense = { name: 'd', layer: 'dense', options: { units: 10 } }
const flat: ModelSpec = { name: 'flat', inputs: { x: [28, 28, 1] }, nodes: [{ name: 'f', layer: 'flatten' }, dense], output: 'd' }

test('models of images and labels are leased', () => {
  for (const name of ['mnist-mlp', 'mnist-cnn', 'fedavg-cnn', 'digits-cnn', 'mlp-2nn']) expect(() => checkModel(zoo.get(name).spec, digits)).not.toThrow()
})

test.each<[string, ModelSpec, RegExp]>([
  ['several inputs', zoo.get('matrix-factorization').spec, /must read real numbers as its only input x to be leased, got user, item/],
  ['another shape', { ...flat, inputs: { x: [28, 28, 3] } }, /got x \[28, 28, 3\] for examples \[28, 28, 1\]/],
  ['several heads', zoo.get('multi-task').spec, /must have one head, .* got digit, parity/],
  ['a target that is no label', zoo.get('autoencoder').spec, /must have one head, compared with a label/],
  ['too few classes', { ...flat, nodes: [flat.nodes[0]!, { ...dense, options: { units: 9 } }] }, /must tell the 10 classes of data set digits apart, got 9/],
  ['running statistics', { ...flat, nodes: [{ name: 'n', layer: 'batch-norm' }, ...flat.nodes] }, /must have no running statistics .* got n\/mean/],
])('refuses %s', (_what, spec, message) => {
  expect(() => checkModel(spec, digits)).toThrow(ConfigError)
  expect(() => checkModel(spec, digits)).toThrow(message)
})
