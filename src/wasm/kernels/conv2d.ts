// Convolutions: assembly/conv2d.ts. An image is spread into zeros [HP, WP, C] large enough that every patch lies inside.
import { ceilDiv } from '../../base/math.ts'
import { dim, type Dims } from '../../kernels/kernel.ts'
import { knownActivation } from './activation.ts'
import { PANEL_BYTES, TILE_BYTES } from './tile.ts'
import type { Step, WasmKernel } from './wasm-kernel.ts'

/** A convolution over images [H, W, C] that stand in a frame [HP, WP, C] at TOP, LEFT, their pixels STEPH, STEPW apart. */
interface Frame {
  readonly H: number; readonly W: number; readonly C: number; readonly F: number
  readonly OH: number; readonly OW: number; readonly SH: number; readonly SW: number
  readonly STEPH: number; readonly STEPW: number; readonly TOP: number; readonly LEFT: number; readonly HP: number; readonly WP: number
  /** False where images can be used as they lie. */
  readonly padded: boolean
}

const groups = (d: Dims): number => d['G'] ?? 1
const dilation = (d: Dims): readonly [number, number] => [d['DH'] ?? 1, d['DW'] ?? 1]

function forwardFrame(d: Dims): Frame {
  const [DH, DW] = dilation(d)
  const OH = dim(d, 'OH'), OW = dim(d, 'OW'), SH = dim(d, 'SH'), SW = dim(d, 'SW'), H = dim(d, 'H'), W = dim(d, 'W')
  const HP = (OH - 1) * SH + (dim(d, 'KH') - 1) * DH + 1, WP = (OW - 1) * SW + (dim(d, 'KW') - 1) * DW + 1
  return framed({ H, W, C: dim(d, 'C'), F: dim(d, 'F'), OH, OW, SH, SW, STEPH: 1, STEPW: 1, TOP: dim(d, 'PT'), LEFT: dim(d, 'PL'), HP, WP })
}

/** dx is a convolution of dy, its pixels as far apart as the stride, with stride 1. */
function gradientFrame(d: Dims): Frame {
  const [DH, DW] = dilation(d)
  const reachH = (dim(d, 'KH') - 1) * DH, reachW = (dim(d, 'KW') - 1) * DW
  return framed({
    H: dim(d, 'OH'), W: dim(d, 'OW'), C: dim(d, 'F'), F: dim(d, 'C'), OH: dim(d, 'H'), OW: dim(d, 'W'), SH: 1, SW: 1,
    STEPH: dim(d, 'SH'), STEPW: dim(d, 'SW'), TOP: reachH - dim(d, 'PT'), LEFT: reachW - dim(d, 'PL'), HP: dim(d, 'H') + reachH, WP: dim(d, 'W') + reachW,
  })
}

function framed(frame: Omit<Frame, 'padded'>): Frame {
  const { H, W, STEPH, STEPW, TOP, LEFT, HP, WP } = frame
  const padded = !(STEPH === 1 && STEPW === 1 && TOP === 0 && LEFT === 0 && HP <= H && WP <= W)
  return { ...frame, padded, WP: padded ? WP : W }
}

const frameBytes = ({ padded, HP, WP, C }: Frame): number => (padded ? HP * WP * C * 4 : 0)

function frameArgs(d: Dims, f: Frame, [x, panels, bias, y]: readonly [number, number, number, number]): readonly number[] {
  const [DH, DW] = dilation(d)
  return [x, panels, bias, y, dim(d, 'N'), f.H, f.W, f.C, f.F, dim(d, 'KH'), dim(d, 'KW'), f.OH, f.OW, f.SH, f.SW, DH, DW, groups(d), d['ACT'] ?? 0,
    f.STEPH, f.STEPW, f.TOP, f.LEFT, f.HP, f.WP, f.padded ? 1 : 0]
}

const taps = (d: Dims): number => dim(d, 'KH') * dim(d, 'KW')
const flops = (d: Dims): number => 2 * dim(d, 'N') * dim(d, 'OH') * dim(d, 'OW') * dim(d, 'F') * taps(d) * (dim(d, 'C') / groups(d))

/** Panels over all groups of a convolution to `columns` channels from `channels`. */
const panelCount = (d: Dims, columns: number): number => groups(d) * ceilDiv(columns / groups(d), 8)

const packArgs = (d: Dims, w: number, panels: number): readonly number[] => [w, dim(d, 'KH'), dim(d, 'KW'), dim(d, 'C') / groups(d), dim(d, 'F'), groups(d), panels]

const convolveStep = (d: Dims, frame: Frame, args: readonly number[]): Step =>
  ({ fn: 'convolve', args, units: dim(d, 'N'), cost: flops(d), own: () => TILE_BYTES + frameBytes(frame) })

export const conv2d: WasmKernel = {
  name: 'conv2d',
  fits: knownActivation,
  shared: (d) => panelCount(d, dim(d, 'F')) * taps(d) * (dim(d, 'C') / groups(d)) * PANEL_BYTES,
  steps(d, at, shared) {
    const frame = forwardFrame(d)
    return [
      { fn: 'pack_filters', args: packArgs(d, at('w'), shared), units: panelCount(d, frame.F), cost: 2 * taps(d) * frame.C * frame.F },
      convolveStep(d, frame, frameArgs(d, frame, [at('x'), shared, at('bias'), at('y')])),
    ]
  },
}

export const conv2dInputGradient: WasmKernel = {
  name: 'conv2d-input-gradient',
  shared: (d) => panelCount(d, dim(d, 'C')) * taps(d) * (dim(d, 'F') / groups(d)) * PANEL_BYTES,
  steps(d, at, shared) {
    const frame = gradientFrame(d)
    // The turned filters face dilated taps as the forward ones do.
    return [
      { fn: 'pack_turned_filters', args: packArgs(d, at('w'), shared), units: panelCount(d, frame.F), cost: 4 * taps(d) * frame.C * frame.F },
      convolveStep(d, frame, frameArgs({ ...d, ACT: 0 }, frame, [at('dy'), shared, 0, at('dx')])),
    ]
  },
}

export const conv2dFilterGradient: WasmKernel = {
  name: 'conv2d-filter-gradient',
  steps(d, at) {
    const frame = forwardFrame(d)
    const channels = frame.C / groups(d)
    const whole = dilation(d)[1] === 1 && groups(d) === 1
    const tileRows = whole ? dim(d, 'KH') * ceilDiv(dim(d, 'KW') * frame.C, 4) : taps(d) * ceilDiv(channels, 4)
    const units = panelCount(d, frame.F) * tileRows
    const own = frameBytes(frame) + (frame.OH * frame.OW + 4) * PANEL_BYTES
    return [{
      fn: 'filter_gradient', args: frameArgs({ ...d, ACT: 0 }, frame, [at('x'), at('dy'), 0, at('dw')]), units, cost: flops(d), coarse: true,
      own: (parts) => own + ceilDiv(units, parts) * TILE_BYTES,
    }]
  },
}

/** The same steps: they know groups and dilation. */
export const groupedConv2d: readonly WasmKernel[] = [
  { ...conv2d, name: 'grouped-conv2d' }, { ...conv2dInputGradient, name: 'grouped-conv2d-input-gradient' }, { ...conv2dFilterGradient, name: 'grouped-conv2d-filter-gradient' },
]
