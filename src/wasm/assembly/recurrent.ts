// Cells of LSTM and GRU after their matrix products, four units of an example at a time.
import { sigmoid4, tanh4 } from './elementary'
import { arg, at, begin, fma, storeLanes, zero4 } from './simd'

@inline function one(): v128 { return f32x4.splat(1) }
/** x, or zeros where the buffer is not bound. */
@inline function optional(buffer: usize, o: usize): v128 { return buffer ? v128.load(buffer + o) : zero4() }
/** dy * gate * (1 - gate), the gradient through a sigmoid given its output. */
@inline function through(dy: v128, gate: v128): v128 { return f32x4.mul(dy, f32x4.mul(gate, f32x4.sub(one(), gate))) }

/** args: x, h, c (0: none), gates, cell, y, B, H. A part computes some examples. */
export function lstm_cell(args: usize, part: i32, parts: i32, own: usize): void {
  const H = arg(args, 7), row = <usize>H * 4, end = begin(arg(args, 6), part + 1, parts)
  for (let b = begin(arg(args, 6), part, parts); b < end; b++) for (let u = 0; u < H; u += 4) {
    const n = <usize>b * row + <usize>u * 4, o = <usize>b * 4 * row + <usize>u * 4, count = H - u, x = at(args, 0) + o, h = at(args, 1), gates = at(args, 3) + o
    const i = sigmoid4(f32x4.add(v128.load(x), optional(h, o))), f = sigmoid4(f32x4.add(f32x4.add(v128.load(x + row), optional(h, o + row)), one()))
    const g = tanh4(f32x4.add(v128.load(x + 2 * row), optional(h, o + 2 * row))), out = sigmoid4(f32x4.add(v128.load(x + 3 * row), optional(h, o + 3 * row)))
    const state = fma(f, optional(at(args, 2), n), f32x4.mul(i, g))
    storeLanes(gates, i, count)
    storeLanes(gates + row, f, count)
    storeLanes(gates + 2 * row, g, count)
    storeLanes(gates + 3 * row, out, count)
    storeLanes(at(args, 4) + n, state, count)
    storeLanes(at(args, 5) + n, f32x4.mul(out, tanh4(state)), count)
  }
}

/** args: gates, c (0: none), cell, dy, dcell (0: none), dgates, dc (0: none), B, H. A part computes some examples. */
export function lstm_cell_gradient(args: usize, part: i32, parts: i32, own: usize): void {
  const H = arg(args, 8), row = <usize>H * 4, end = begin(arg(args, 7), part + 1, parts)
  for (let b = begin(arg(args, 7), part, parts); b < end; b++) for (let u = 0; u < H; u += 4) {
    const n = <usize>b * row + <usize>u * 4, o = <usize>b * 4 * row + <usize>u * 4, count = H - u, gates = at(args, 0) + o, to = at(args, 5) + o
    const i = v128.load(gates), f = v128.load(gates + row), g = v128.load(gates + 2 * row), out = v128.load(gates + 3 * row)
    const state = tanh4(v128.load(at(args, 2) + n)), dy = v128.load(at(args, 3) + n)
    const slope = fma(f32x4.mul(dy, out), f32x4.sub(one(), f32x4.mul(state, state)), optional(at(args, 4), n))
    storeLanes(to, through(f32x4.mul(slope, g), i), count)
    storeLanes(to + row, through(f32x4.mul(slope, optional(at(args, 1), n)), f), count)
    storeLanes(to + 2 * row, f32x4.mul(f32x4.mul(slope, i), f32x4.sub(one(), f32x4.mul(g, g))), count)
    storeLanes(to + 3 * row, through(f32x4.mul(dy, state), out), count)
    if (at(args, 6)) storeLanes(at(args, 6) + n, f32x4.mul(slope, f), count)
  }
}

/** args: x, h, before (0: none), gates, y, B, H. A part computes some examples. */
export function gru_cell(args: usize, part: i32, parts: i32, own: usize): void {
  const H = arg(args, 6), row = <usize>H * 4, end = begin(arg(args, 5), part + 1, parts)
  for (let b = begin(arg(args, 5), part, parts); b < end; b++) for (let u = 0; u < H; u += 4) {
    const i = <usize>b * row + <usize>u * 4, o = <usize>b * 3 * row + <usize>u * 4, count = H - u, x = at(args, 0) + o, h = at(args, 1), gates = at(args, 3) + o
    const r = sigmoid4(f32x4.add(v128.load(x), optional(h, o))), z = sigmoid4(f32x4.add(v128.load(x + row), optional(h, o + row)))
    const n = tanh4(fma(r, optional(h, o + 2 * row), v128.load(x + 2 * row)))
    storeLanes(gates, r, count)
    storeLanes(gates + row, z, count)
    storeLanes(gates + 2 * row, n, count)
    storeLanes(at(args, 4) + i, fma(z, optional(at(args, 2), i), f32x4.mul(f32x4.sub(one(), z), n)), count)
  }
}

/** args: h, before (0: none), gates, dy, dx, dh (0: none), dbefore (0: none), B, H. A part computes some examples. */
export function gru_cell_gradient(args: usize, part: i32, parts: i32, own: usize): void {
  const H = arg(args, 8), row = <usize>H * 4, end = begin(arg(args, 7), part + 1, parts)
  for (let b = begin(arg(args, 7), part, parts); b < end; b++) for (let u = 0; u < H; u += 4) {
    const i = <usize>b * row + <usize>u * 4, o = <usize>b * 3 * row + <usize>u * 4, count = H - u, gates = at(args, 2) + o
    const r = v128.load(gates), z = v128.load(gates + row), n = v128.load(gates + 2 * row), dy = v128.load(at(args, 3) + i)
    const dn = f32x4.mul(f32x4.mul(dy, f32x4.sub(one(), z)), f32x4.sub(one(), f32x4.mul(n, n)))
    const dr = through(f32x4.mul(dn, optional(at(args, 0), o + 2 * row)), r), dz = through(f32x4.mul(dy, f32x4.sub(optional(at(args, 1), i), n)), z)
    store3(at(args, 4) + o, row, dr, dz, dn, count)
    if (!at(args, 5)) continue
    store3(at(args, 5) + o, row, dr, dz, f32x4.mul(dn, r), count)
    storeLanes(at(args, 6) + i, f32x4.mul(dy, z), count)
  }
}

function store3(to: usize, row: usize, a: v128, b: v128, c: v128, count: i32): void {
  storeLanes(to, a, count)
  storeLanes(to + row, b, count)
  storeLanes(to + 2 * row, c, count)
}
