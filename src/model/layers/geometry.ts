// Windows over images and sequences: what convolutions and pools share. A sequence [T, C] is an image of one column or one row.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { formatShape, type Tensor } from '../../graph/tensor.ts'
import { pair } from './layer.ts'

const zeros = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(1024))

/** `same`: as many output rows as input rows / stride, rounded up; `valid`: none; or so many rows and columns per side. */
export const padding = v.union([v.picklist(['same', 'valid']), v.strictObject({ top: zeros, bottom: zeros, left: zeros, right: zeros })])

/** Of a sequence: also `causal`, all of it before the first element, so that no output sees what comes after it. */
export const sequencePadding = v.union([v.picklist(['same', 'valid', 'causal']), v.strictObject({ before: zeros, after: zeros })])

type Pair = readonly [number, number]
/** Top, bottom, left, right. */
export type Sides = readonly [number, number, number, number]

interface Windows {
  readonly image: Pair
  /** Rows and columns from the first to the last that a window reads. */
  readonly window: Pair
  readonly stride: Pair
}

export function resolvePadding(wanted: v.InferOutput<typeof padding>, { image, window, stride }: Windows): Sides {
  if (wanted === 'valid') return [0, 0, 0, 0]
  if (wanted !== 'same') return [wanted.top, wanted.bottom, wanted.left, wanted.right]
  return [...same(image[0], window[0], stride[0]), ...same(image[1], window[1], stride[1])]
}

/** Where an odd number is needed, the extra one comes last, as in TensorFlow. */
export function same(size: number, window: number, stride: number): Pair {
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + window - size, 0)
  return [Math.floor(total / 2), Math.ceil(total / 2)]
}

/** Rows and columns from the first tap of a kernel to its last. */
export const windowOf = (kernel: Pair, dilation: Pair): Pair => [(kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1]

interface Groups {
  readonly groups: number
  readonly channels: number
  readonly filters: number
  readonly path: string
}

export function checkGroups({ groups, channels, filters, path }: Groups): void {
  if (channels % groups !== 0 || filters % groups !== 0) {
    throw new ConfigError(`${path}: must have channels and filters that divide into its groups, got ${channels} channels, ${filters} filters and ${groups} groups. Use a number of groups that divides both.`)
  }
}

/** Options of a pool. Of a sequence, the number of rows counts. */
export const poolSchema = v.strictObject({
  size: pair,
  /** As large as the window where absent. */
  stride: v.optional(pair),
  /** What is added never wins and never counts. */
  padding: v.optional(padding, 'valid'),
})

export interface PoolGeometry {
  readonly size: Pair
  readonly stride: Pair
  readonly padding: Sides
}

/** Pools an image [B, H, W, C], or a sequence [B, T, C]; rows and columns that fill no window are dropped. */
export function poolWindows(x: Tensor, options: v.InferOutput<typeof poolSchema>, path: string, pool: (image: Tensor, geometry: PoolGeometry) => Tensor): Tensor {
  const shape = x.shape.slice(1)
  const wrong = (rule: string, got: string, remedy: string): ConfigError => new ConfigError(`${path}: must ${rule}, got ${got}. ${remedy}.`)
  if (shape.length === 2) {
    const { size: [rows], stride: [step] = [rows] } = options
    const column = reshape(x, [x.shape[0]!, shape[0]!, 1, shape[1]!])
    if (typeof options.padding !== 'string' && options.padding.left + options.padding.right > 0) throw wrong('pad a sequence at its ends alone', `left ${options.padding.left} and right ${options.padding.right}`, 'Use top and bottom')
    const pooled = poolWindows(column, { ...options, size: [rows, 1], stride: [step!, 1] }, path, pool)
    return reshape(pooled, [x.shape[0]!, pooled.shape[1]!, shape[1]!])
  }
  const { size, stride = size } = options
  if (shape.length !== 3) throw wrong('read an image [H, W, C] or a sequence [T, C]', `${formatShape(shape)} for a window ${formatShape(size)}`, 'Put it before flatten')
  const [H, W] = shape as unknown as readonly [number, number, number]
  const sides = resolvePadding(options.padding, { image: [H, W], window: size, stride })
  if (H + sides[0] + sides[1] < size[0] || W + sides[2] + sides[3] < size[1]) throw wrong('have a window no larger than the image', `image ${formatShape(shape)} and window ${formatShape(size)}`, 'Use a smaller window or fewer pooling nodes')
  if (sides.some((side, i) => side >= size[i >> 1]!)) throw wrong('have padding smaller than its window', `padding ${formatShape(sides)} and window ${formatShape(size)}`, 'Use less padding')
  return pool(x, { size, stride, padding: sides })
}

/** For layers that pool all positions. */
export function checkPositions(x: Tensor, path: string): void {
  if (x.shape.length < 3) throw new ConfigError(`${path}: must read an image [H, W, C] or a sequence [T, C], got ${formatShape(x.shape.slice(1))}. Put it before flatten.`)
}
