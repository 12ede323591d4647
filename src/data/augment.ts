// Random changes of images that leave their class: padded and cropped again, mirrored (He et al. 2016, arXiv 1512.03385).
import type { Rng } from '../base/rng.ts'

export interface Augmentation {
  /** Zeros put around an image before it is cropped to its own size at a random place. */
  readonly pad?: number
  /** Mirrored left to right half of the time. */
  readonly flip?: boolean
}

/** Writes a changed copy of `image` [H,W,C] to `out`, drawing from `rng` the same way whatever the image. */
export function augmentImage(image: Float32Array, out: Float32Array, shape: readonly number[], { pad = 0, flip = false }: Augmentation, rng: Rng): void {
  const [height, width, channels] = shape as readonly [number, number, number]
  const down = rng.integer(2 * pad + 1) - pad
  const right = rng.integer(2 * pad + 1) - pad
  const mirrored = flip && rng.uniform() < 0.5
  out.fill(0)
  for (let y = 0; y < height; y++) {
    const fromY = y + down
    if (fromY < 0 || fromY >= height) continue
    for (let x = 0; x < width; x++) {
      const fromX = (mirrored ? width - 1 - x : x) + right
      if (fromX < 0 || fromX >= width) continue
      const from = (fromY * width + fromX) * channels
      const to = (y * width + x) * channels
      for (let c = 0; c < channels; c++) out[to + c] = image[from + c] as number
    }
  }
}
