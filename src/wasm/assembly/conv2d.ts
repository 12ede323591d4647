// Convolutions as products over patches that are never written out: in an image with its padding around it, every patch is a
// few runs of neighbouring floats, and row pointers may begin anywhere. The gradient of the input is the same convolution,
// over the upstream gradient spread out by the stride, with filters turned around. See ../kernels/conv2d.ts for the sizes.
import { addTile, clearTile, packPanel, storeTile, TILE_BYTES } from './tile'
import { arg, at, begin } from './simd'

/**
 * args: w[KH,KW,C,F], KH, KW, C, F, GROUPS, panels. Filters for the forward pass: for each group, panels of eight filters over (KH, KW, C).
 * w's last two axes are those of one group's input channels and of all filters. Parts share out the panels.
 */
export function pack_filters(args: usize, part: i32, parts: i32, own: usize): void {
  const w = at(args, 0), K = arg(args, 1) * arg(args, 2) * arg(args, 3), F = arg(args, 4), groups = arg(args, 5), panels = at(args, 6)
  const perGroup = F / groups, count = (perGroup + 7) >> 3
  const end = begin(groups * count, part + 1, parts)
  for (let i = begin(groups * count, part, parts); i < end; i++) {
    const group = i / count, p = i % count
    packPanel(w + <usize>(group * perGroup + 8 * p) * 4, F, K, min(8, perGroup - 8 * p), panels + <usize>i * <usize>K * 32)
  }
}

/** args as above. Filters for the input's gradient: panels of eight input channels over (KH, KW turned around, the group's filters). */
export function pack_turned_filters(args: usize, part: i32, parts: i32, own: usize): void {
  const w = at(args, 0), KH = arg(args, 1), KW = arg(args, 2), C = arg(args, 3), F = arg(args, 4), groups = arg(args, 5), panels = at(args, 6)
  const perGroup = F / groups, count = (C + 7) >> 3, taps = KH * KW, K = taps * perGroup
  const end = begin(groups * count, part + 1, parts)
  for (let i = begin(groups * count, part, parts); i < end; i++) {
    const group = i / count, p = i % count, columns = min(8, C - 8 * p)
    let to = panels + <usize>i * <usize>K * 32
    for (let tap = taps - 1; tap >= 0; tap--) {
      for (let f = 0; f < perGroup; f++) {
        const from = w + (<usize>(tap * C + 8 * p) * <usize>F + <usize>(group * perGroup + f)) * 4
        for (let j = 0; j < 8; j++) store<f32>(to + <usize>j * 4, j < columns ? load<f32>(from + <usize>(j * F) * 4) : 0)
        to += 32
      }
    }
  }
}

/** One image [rows, columns, C] into zeros [HP, WP, C], its pixel (r, c) at (top + r * stepH, left + c * stepW); what falls outside is left out. */
function spread(from: usize, rows: i32, columns: i32, C: i32, stepH: i32, stepW: i32, top: i32, left: i32, to: usize, HP: i32, WP: i32): void {
  memory.fill(to, 0, <usize>(HP * WP * C) * 4)
  const pixel = <usize>C * 4
  for (let r = 0; r < rows; r++) {
    const h = top + r * stepH
    if (h < 0 || h >= HP) continue
    if (stepW == 1) {
      const first = max(0, -left), last = min(columns, WP - left)
      if (last > first) memory.copy(to + <usize>(h * WP + left + first) * pixel, from + <usize>(r * columns + first) * pixel, <usize>(last - first) * pixel)
      continue
    }
    for (let c = 0; c < columns; c++) {
      const w = left + c * stepW
      if (w >= 0 && w < WP) memory.copy(to + <usize>(h * WP + w) * pixel, from + <usize>(r * columns + c) * pixel, pixel)
    }
  }
}

/**
 * args: 0 x, 1 panels, 2 bias, 3 y, 4 N, 5 H, 6 W, 7 C (of x, all groups), 8 F (of y, all groups), 9 KH, 10 KW, 11 OH, 12 OW, 13 SH, 14 SW, 15 DH, 16 DW,
 * 17 GROUPS, 18 ACT, 19 STEPH, 20 STEPW, 21 TOP, 22 LEFT, 23 HP, 24 WP, 25 PADDED (0: x is used as it lies). A part computes some images.
 * own: a tile, then HP * WP * C floats where PADDED.
 */
export function convolve(args: usize, part: i32, parts: i32, own: usize): void {
  const N = arg(args, 4), H = arg(args, 5), W = arg(args, 6), C = arg(args, 7), HP = arg(args, 23), WP = arg(args, 24), padded = arg(args, 25)
  const end = begin(N, part + 1, parts)
  for (let n = begin(N, part, parts); n < end; n++) {
    const image = at(args, 0) + <usize>n * <usize>(H * W * C) * 4
    if (padded) spread(image, H, W, C, arg(args, 19), arg(args, 20), arg(args, 21), arg(args, 22), own + TILE_BYTES, HP, WP)
    if (arg(args, 19) == 1 && arg(args, 20) == 1) convolveImage(args, own, padded ? own + TILE_BYTES : image, n)
    else convolveSpread(args, own, own + TILE_BYTES, n)
  }
}

function convolveImage(args: usize, own: usize, image: usize, n: i32): void {
  const C = arg(args, 7), F = arg(args, 8), KH = arg(args, 9), KW = arg(args, 10), OH = arg(args, 11), OW = arg(args, 12)
  const DH = arg(args, 15), DW = arg(args, 16), groups = arg(args, 17), act = arg(args, 18), WP = arg(args, 24)
  const channels = C / groups, filters = F / groups, count = (filters + 7) >> 3, K = KH * KW * channels
  const rowPixels = arg(args, 13) * WP * C * 4, stepPixels = arg(args, 14) * C * 4
  const pixels = OH * OW
  // Runs of neighbouring floats: a whole row of the patch, or one tap where dilation or groups lie between.
  const whole = DW == 1 && groups == 1
  const length = whole ? KW * C : channels, segments = whole ? KH : KW
  const skip = whole ? (DH * WP - KW) * C * 4 : (DW * C - channels) * 4
  for (let panel = 0; panel < groups * count; panel++) {
    const group = panel / count, f = (panel % count) * 8
    const b = at(args, 1) + <usize>panel * <usize>K * 32
    const bias = at(args, 2) ? at(args, 2) + <usize>(group * filters + f) * 4 : 0
    const start = image + <usize>(group * channels) * 4
    const y = at(args, 3) + (<usize>n * <usize>pixels * <usize>F + <usize>(group * filters + f)) * 4
    for (let q = 0; q < pixels; q += 4) {
      const last = pixels - 1
      const p0 = start + pixelAt(q, OW, rowPixels, stepPixels), p1 = start + pixelAt(min(last, q + 1), OW, rowPixels, stepPixels)
      const p2 = start + pixelAt(min(last, q + 2), OW, rowPixels, stepPixels), p3 = start + pixelAt(min(last, q + 3), OW, rowPixels, stepPixels)
      clearTile(own)
      if (whole) addTile(own, p0, p1, p2, p3, 4, skip, b, 32, length, segments)
      else for (let kh = 0; kh < KH; kh++) {
        const down = <usize>(kh * DH * WP * C) * 4
        addTile(own, p0 + down, p1 + down, p2 + down, p3 + down, 4, skip, b + <usize>(kh * KW * channels) * 32, 32, length, segments)
      }
      storeTile(own, y + <usize>q * <usize>F * 4, <usize>F * 4, min(4, pixels - q), min(8, filters - f), bias, act)
    }
  }
}

/** The same of an image whose pixels stand STEPH, STEPW apart: of each patch, only the taps that meet a pixel. */
function convolveSpread(args: usize, own: usize, image: usize, n: i32): void {
  const C = arg(args, 7), F = arg(args, 8), OH = arg(args, 11), OW = arg(args, 12), groups = arg(args, 17), stepW = arg(args, 20), WP = arg(args, 24)
  const filters = F / groups, count = (filters + 7) >> 3, K = arg(args, 9) * arg(args, 10) * (C / groups), next = <usize>(stepW * C) * 4
  for (let panel = 0; panel < groups * count; panel++) {
    const group = panel / count, f = (panel % count) * 8, first = group * filters + f
    const b = at(args, 1) + <usize>panel * <usize>K * 32, bias = at(args, 2) ? at(args, 2) + <usize>first * 4 : 0
    // Tiles of pixels that meet the same taps: every stepW-th of a row.
    for (let h = 0; h < OH; h++) for (let phase = 0; phase < min(stepW, OW); phase++) for (let w = phase; w < OW; w += 4 * stepW) {
      const rows = min(4, (OW - w + stepW - 1) / stepW)
      const p0 = image + <usize>((h * WP + w) * C + group * (C / groups)) * 4
      const p1 = rows > 1 ? p0 + next : p0, p2 = rows > 2 ? p1 + next : p1, p3 = rows > 3 ? p2 + next : p2
      clearTile(own)
      addTaps(args, own, p0, p1, p2, p3, b, h, w)
      storeTile(own, at(args, 3) + <usize>(((n * OH + h) * OW + w) * F + first) * 4, <usize>(stepW * F) * 4, rows, min(8, filters - f), bias, arg(args, 18))
    }
  }
}

function addTaps(args: usize, sums: usize, p0: usize, p1: usize, p2: usize, p3: usize, b: usize, h: i32, w: i32): void {
  const C = arg(args, 7), channels = C / arg(args, 17), KW = arg(args, 10), DH = arg(args, 15), DW = arg(args, 16), WP = arg(args, 24)
  for (let kh = 0; kh < arg(args, 9); kh++) {
    if ((h + kh * DH - arg(args, 21)) % arg(args, 19)) continue
    for (let kw = 0; kw < KW; kw++) {
      if ((w + kw * DW - arg(args, 22)) % arg(args, 20)) continue
      const o = <usize>((kh * DH * WP + kw * DW) * C) * 4
      addTile(sums, p0 + o, p1 + o, p2 + o, p3 + o, 4, 0, b + <usize>((kh * KW + kw) * channels) * 32, 32, channels, 1)
    }
  }
}

@inline function pixelAt(q: i32, OW: i32, rowBytes: i32, stepBytes: i32): usize { return <usize>((q / OW) * rowBytes + (q % OW) * stepBytes) }

/**
 * args as of `convolve`, with 1 dy[N,OH,OW,F], 3 dw[KH,KW,C / GROUPS,F]. A part computes some tiles of four patch elements by eight filters, over all
 * images. own: HP * WP * C floats where PADDED, then a panel OH * OW * 8, then the part's tiles.
 */
export function filter_gradient(args: usize, part: i32, parts: i32, own: usize): void {
  const N = arg(args, 4), C = arg(args, 7), F = arg(args, 8), KH = arg(args, 9), KW = arg(args, 10), pixels = arg(args, 11) * arg(args, 12)
  const groups = arg(args, 17), HP = arg(args, 23), WP = arg(args, 24), padded = arg(args, 25)
  const channels = C / groups, filters = F / groups, count = (filters + 7) >> 3
  const whole = arg(args, 16) == 1 && groups == 1
  // Patch elements that are neighbours in x: of a row of taps, or of one tap.
  const run = whole ? KW * C : channels, runs = whole ? KH : KH * KW, blocks = (run + 3) >> 2
  const perPanel = runs * blocks, units = groups * count * perPanel
  const first = begin(units, part, parts), end = begin(units, part + 1, parts)
  const panel = own + (padded ? <usize>(HP * WP * C) * 4 : 0), tiles = panel + <usize>(pixels + 4) * 32
  memory.fill(tiles, 0, <usize>(end - first) * TILE_BYTES)
  for (let n = 0; n < N; n++) {
    const image = at(args, 0) + <usize>n * <usize>(arg(args, 5) * arg(args, 6) * C) * 4
    if (padded) spread(image, arg(args, 5), arg(args, 6), C, 1, 1, arg(args, 21), arg(args, 22), own, HP, WP)
    for (let unit = first; unit < end; unit++) {
      const p = unit / perPanel, f = (p / count) * filters + (p % count) * 8
      if (unit == first || unit % perPanel == 0) packPanel(at(args, 1) + (<usize>n * <usize>pixels * <usize>F + <usize>f) * 4, F, pixels, min(8, filters - (p % count) * 8), panel)
      addUnit(args, tiles + <usize>(unit - first) * TILE_BYTES, padded ? own : image, panel, p / count, unit % perPanel)
    }
  }
  for (let unit = first; unit < end; unit++) {
    const p = unit / perPanel, inPanel = unit % perPanel, j = (inPanel % blocks) * 4
    const k = (inPanel / blocks) * run + j, f = (p / count) * filters + (p % count) * 8
    storeTile(tiles + <usize>(unit - first) * TILE_BYTES, at(args, 3) + (<usize>k * <usize>F + <usize>f) * 4, <usize>F * 4, min(4, run - j), min(8, filters - (p % count) * 8), 0, 0)
  }
}

/** Adds one image to one tile of the filter's gradient. */
function addUnit(args: usize, sums: usize, image: usize, panel: usize, group: i32, inPanel: i32): void {
  const C = arg(args, 7), KW = arg(args, 10), OH = arg(args, 11), OW = arg(args, 12), SH = arg(args, 13), SW = arg(args, 14)
  const DH = arg(args, 15), DW = arg(args, 16), groups = arg(args, 17), WP = arg(args, 24)
  const channels = C / groups, whole = DW == 1 && groups == 1
  const blocks = ((whole ? KW * C : channels) + 3) >> 2
  const run = inPanel / blocks, j = (inPanel % blocks) * 4
  const kh = whole ? run : run / KW, kw = whole ? 0 : run % KW
  const p = image + <usize>((kh * DH * WP + kw * DW) * C + group * channels + j) * 4
  addTile(sums, p, p + 4, p + 8, p + 12, <usize>(SW * C) * 4, <usize>((SH * WP - OW * SW) * C * 4), panel, 32, OW, OH)
}
