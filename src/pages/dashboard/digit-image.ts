// Makes a drawing look like the digits of the data sets: the strokes fitted into 20x20 pixels, their aspect kept and their
// edges averaged, then placed so that their centre of mass is the centre of 28x28. White (255) on black (0).

export const DIGIT_SIZE = 28
const BOX = 20
/** Ink below this is the canvas's own noise. */
const FAINT = 8

export interface Drawing {
  readonly width: number
  readonly height: number
  /** [height, width], 0 (paper) to 255 (ink). */
  readonly ink: Uint8Array | Uint8ClampedArray
}

interface Box {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** [28, 28] bytes, or undefined for an empty drawing. */
export function digitImage(drawing: Drawing): Uint8Array | undefined {
  const box = boundingBox(drawing)
  if (box === undefined) return undefined
  const scale = BOX / Math.max(box.width, box.height)
  const width = Math.max(1, Math.round(box.width * scale)), height = Math.max(1, Math.round(box.height * scale))
  const small = shrink(drawing, box, width, height)
  return centred(small, width, height)
}

function boundingBox({ width, height, ink }: Drawing): Box | undefined {
  let left = width, right = -1, top = height, bottom = -1
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    if ((ink[y * width + x] as number) < FAINT) continue
    left = Math.min(left, x)
    right = Math.max(right, x)
    top = Math.min(top, y)
    bottom = Math.max(bottom, y)
  }
  return right < 0 ? undefined : { left, top, width: right - left + 1, height: bottom - top + 1 }
}

/** The box averaged over the area of each new pixel: [height, width], 0 to 255. */
function shrink({ width: fullWidth, ink }: Drawing, box: Box, width: number, height: number): Float64Array {
  const across = overlaps(box.left, box.width, width), down = overlaps(box.top, box.height, height)
  const small = new Float64Array(width * height)
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    let sum = 0, area = 0
    for (const [row, tall] of down[y] ?? []) for (const [column, wide] of across[x] ?? []) {
      sum += (ink[row * fullWidth + column] as number) * tall * wide
      area += tall * wide
    }
    small[y * width + x] = area === 0 ? 0 : sum / area
  }
  return small
}

/** For each of `count` equal parts of a stretch of pixels: which pixels it covers, and how much of each. */
function overlaps(start: number, length: number, count: number): readonly (readonly (readonly [pixel: number, part: number])[])[] {
  const step = length / count
  return Array.from({ length: count }, (_, i) => {
    const from = i * step, to = (i + 1) * step
    const parts: [number, number][] = []
    for (let pixel = Math.floor(from); pixel < Math.min(length, Math.ceil(to)); pixel++) {
      parts.push([start + pixel, Math.min(to, pixel + 1) - Math.max(from, pixel)])
    }
    return parts
  })
}

function centred(small: Float64Array, width: number, height: number): Uint8Array {
  let mass = 0, sumX = 0, sumY = 0
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const value = small[y * width + x] as number
    mass += value
    sumX += value * (x + 0.5)
    sumY += value * (y + 0.5)
  }
  const centre = DIGIT_SIZE / 2
  // The strokes stay whole even where their mass lies far to one side.
  const left = within(Math.round(centre - sumX / mass), width), top = within(Math.round(centre - sumY / mass), height)
  const image = new Uint8Array(DIGIT_SIZE * DIGIT_SIZE)
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    image[(top + y) * DIGIT_SIZE + left + x] = Math.round(small[y * width + x] as number)
  }
  return image
}

const within = (offset: number, length: number): number => Math.min(DIGIT_SIZE - length, Math.max(0, offset))
