// Convolutions and pools as layers: shapes, params, and what they refuse. Their numbers are compared elsewhere: with
// TensorFlow.js in whole models, with finite differences op by op.
import { expect, test } from 'vitest'
import { ConfigError } from '../../base/errors.ts'
import { buildModel, type Model } from '../build-model.ts'

type Options = Readonly<Record<string, unknown>>

const build = (layer: string, options: Options, shape: readonly number[]): Model => buildModel({
  name: 'test',
  inputs: { x: shape },
  nodes: [{ name: 'node', layer, options }, { name: 'flatten', layer: 'flatten' }, { name: 'out', layer: 'dense', options: { units: 2 } }],
  output: 'out',
}, 2)

const shapes = (layer: string, options: Options, shape: readonly number[]): readonly (readonly number[] | undefined)[] => {
  const { tensors, layout } = build(layer, options, shape)
  return [tensors.get('node')!.shape.slice(1), layout.entries.find(({ name }) => name === 'node/weight')?.shape]
}

test.each<[string, Options, readonly number[], readonly number[], readonly number[] | undefined]>([
  ['conv2d', { filters: 8, kernel: 3, dilation: 2 }, [9, 7, 4], [9, 7, 8], [3, 3, 4, 8]],
  ['conv2d', { filters: 8, kernel: 3, dilation: [2, 1], padding: 'valid', stride: 2 }, [9, 7, 4], [3, 3, 8], [3, 3, 4, 8]],
  ['conv2d', { filters: 8, kernel: 3, groups: 4 }, [9, 7, 4], [9, 7, 8], [3, 3, 1, 8]],
  ['conv2d', { filters: 6, kernel: [1, 3], groups: 2, padding: { top: 0, bottom: 0, left: 0, right: 2 } }, [4, 5, 4], [4, 5, 6], [1, 3, 2, 6]],
  ['conv1d', { filters: 8, kernel: 3, padding: 'valid' }, [50, 4], [48, 8], [3, 4, 8]],
  ['conv1d', { filters: 8, kernel: 4, padding: 'causal', dilation: 2 }, [50, 4], [50, 8], [4, 4, 8]],
  ['conv1d', { filters: 8, kernel: 4, stride: 3, groups: 2 }, [50, 4], [17, 8], [4, 2, 8]],
  ['conv1d', { filters: 8, kernel: 4, padding: { before: 1, after: 0 } }, [50, 4], [48, 8], [4, 4, 8]],
  ['conv2d-transpose', { filters: 3, kernel: 3, stride: 2 }, [4, 5, 6], [8, 10, 3], [3, 3, 3, 6]],
  ['conv2d-transpose', { filters: 3, kernel: 3, stride: 2, padding: 'valid' }, [4, 5, 6], [9, 11, 3], [3, 3, 3, 6]],
  ['conv2d-transpose', { filters: 4, kernel: 2, stride: 3, groups: 2 }, [4, 5, 6], [12, 15, 4], [2, 2, 2, 6]],
  ['max-pool', { size: 3, stride: 2, padding: 'same' }, [112, 7, 4], [56, 4, 4], undefined],
  ['max-pool', { size: 2 }, [9, 4], [4, 4], undefined],
  ['average-pool', { size: 3, stride: 1, padding: 'same' }, [9, 4], [9, 4], undefined],
  ['average-pool', { size: [2, 3], padding: { top: 1, bottom: 0, left: 0, right: 1 } }, [5, 5, 4], [3, 2, 4], undefined],
  ['global-average-pool', {}, [5, 3, 4], [4], undefined],
  ['global-max-pool', {}, [5, 4], [4], undefined],
])('%s %j of %j', (layer, options, shape, output, weight) => expect(shapes(layer, options, shape)).toEqual([output, weight]))

test.each<[string, Options, readonly number[], RegExp]>([
  ['conv2d', { filters: 8, kernel: 3, groups: 3 }, [9, 7, 4], /node: must have channels and filters that divide into its groups, got 4 channels, 8 filters and 3 groups\. Use/],
  ['conv2d', { filters: 6, kernel: 3, groups: 4 }, [9, 7, 4], /got 4 channels, 6 filters and 4 groups/],
  ['conv2d', { filters: 6, kernel: 3, dilation: 4, padding: 'valid' }, [9, 7, 4], /node: must have a kernel no larger than the padded image, got image \[9, 7, 4\] and kernel \[9, 9\]/],
  ['conv1d', { filters: 6, kernel: 3 }, [9, 7, 4], /node: must read a sequence \[T, C\], got \[9, 7, 4\].*use conv2d/],
  ['conv1d', { filters: 6, kernel: 10, padding: 'valid' }, [9, 4], /node: must have a kernel no longer than the padded sequence, got sequence \[9, 4\] and kernel \[10\]/],
  ['conv1d', { filters: 6, kernel: 2, groups: 4 }, [9, 4], /got 4 channels, 6 filters and 4 groups/],
  ['conv2d-transpose', { filters: 6, kernel: 3 }, [9, 4], /node: must read an image \[H, W, C\], got \[9, 4\]/],
  ['conv2d-transpose', { filters: 6, kernel: 3, groups: 4 }, [9, 9, 4], /got 4 channels, 6 filters and 4 groups/],
  ['average-pool', { size: 10 }, [9, 7, 4], /node: must have a window no larger than the image, got image \[9, 7, 4\] and window \[10, 10\]/],
  ['max-pool', { size: 2, padding: { top: 2, bottom: 0, left: 0, right: 0 } }, [9, 7, 4], /node: must have padding smaller than its window, got padding \[2, 0, 0, 0\] and window \[2, 2\]/],
  ['average-pool', { size: 2, padding: { top: 0, bottom: 0, left: 1, right: 0 } }, [9, 4], /node: must pad a sequence at its ends alone/],
  ['global-average-pool', {}, [9], /node: must read an image \[H, W, C\] or a sequence \[T, C\], got \[9\]/],
  ['dense', { units: 6, rank: 6 }, [9], /node: must have a rank below its features and units, got rank 6 for \[9\] and \[6\]/],
])('%s %j of %j is refused', (layer, options, shape, message) => {
  expect(() => build(layer, options, shape)).toThrow(message)
  expect(() => build(layer, options, shape)).toThrow(ConfigError)
})

test('a dense layer of low rank has two thin matrices', () => {
  const { layout, tensors } = build('dense', { units: 20, rank: 3 }, [9])
  expect(layout.entries.map(({ name, shape }) => [name, ...shape])).toEqual([['node/down', 9, 3], ['node/up', 3, 20], ['node/bias', 20], ['out/weight', 20, 2], ['out/bias', 2]])
  expect(tensors.get('node')!.shape).toEqual([2, 20])
})
