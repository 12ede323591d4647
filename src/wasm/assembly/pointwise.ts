// Pointwise programs, interpreted a block at a time: each step is one loop over the block, whose values stay in the cache.
// The programs come from ../kernels/pointwise.ts; a step's number says which function it calls.
import { exp4, expMinusOne4, gelu4, geluErf4, geluErfSlope4, geluSlope4, log4, sigmoid4, siluSlope4, softplus4, tanh4 } from './elementary'
import { arg, at, begin, storeLanes, zero4 } from './simd'

/** Elements of a block. */
export const BLOCK: i32 = 512

/**
 * args: SIZE, operands, steps, results, then operands of (address, LEN, INNER), steps of (function, value, value, value, constant, constant,
 * address of the result it may write at once or 0), results of (value, address, written already). Values are operands, then steps.
 * own: a table of addresses and a block for each value.
 */
export function pointwise(args: usize, part: i32, parts: i32, own: usize): void {
  const size = arg(args, 0), operands = arg(args, 1), steps = arg(args, 2), results = arg(args, 3)
  const values = operands + steps, blocks = (size + BLOCK - 1) / BLOCK
  const end = min(size, BLOCK * begin(blocks, part + 1, parts))
  const registers = own + ((<usize>values * 4 + 15) & ~15)
  for (let start = BLOCK * begin(blocks, part, parts); start < end; start += BLOCK) {
    const count = min(BLOCK, end - start)
    let next = args + 16
    for (let v = 0; v < operands; v++, next += 12) store<u32>(own + <usize>v * 4, <u32>operand(next, start, count, size, registers + <usize>(v * BLOCK) * 4))
    for (let v = operands; v < values; v++, next += 28) {
      const direct = at(next, 6)
      const to = direct ? direct + <usize>start * 4 : registers + <usize>(v * BLOCK) * 4
      store<u32>(own + <usize>v * 4, <u32>to)
      apply(arg(next, 0), to, value(own, arg(next, 1)), value(own, arg(next, 2)), value(own, arg(next, 3)), count, f32.load(next, 16), f32.load(next, 20))
    }
    for (let r = 0; r < results; r++, next += 12) if (!arg(next, 2)) memory.copy(at(next, 1) + <usize>start * 4, value(own, arg(next, 0)), <usize>count * 4)
  }
}

@inline function value(table: usize, v: i32): usize { return <usize>load<u32>(table + <usize>v * 4) }

/** Where elements [start, start + count) of an operand lie: in the tensor itself, or repeated into `block`. */
function operand(entry: usize, start: i32, count: i32, size: i32, block: usize): usize {
  const from = at(entry, 0), length = arg(entry, 1), inner = arg(entry, 2)
  if (inner == 1 && length == size) return from + <usize>start * 4
  if (length == 1) {
    const v = v128.load32_splat(from)
    for (let i = 0; i < count; i += 4) v128.store(block + <usize>i * 4, v)
    return block
  }
  let within = start % inner, index = (start / inner) % length
  for (let i = 0; i < count;) {
    if (inner == 1) {
      const run = min(count - i, length - index)
      memory.copy(block + <usize>i * 4, from + <usize>index * 4, <usize>run * 4)
      i += run
      index = 0
      continue
    }
    const run = min(count - i, inner - within), number = f32.load(from + <usize>index * 4)
    for (let j = 0; j < run; j++) f32.store(block + <usize>(i + j) * 4, number)
    i += run
    within = 0
    if (++index == length) index = 0
  }
  return block
}

/** One step over a block. Tails are done whole where that cannot overwrite anything: blocks have room, tensors do not. */
function apply(fn: i32, to: usize, a: usize, b: usize, c: usize, count: i32, k0: f32, k1: f32): void {
  const first = f32x4.splat(k0), second = f32x4.splat(k1)
  const whole = <usize>(count & ~3) * 4
  // The functions of nearly every step get loops of their own, without a choice inside.
  let i: usize = 0
  switch (fn) {
    case 2: for (; i < whole; i += 16) v128.store(to + i, f32x4.add(v128.load(a + i), v128.load(b + i))); break
    case 3: for (; i < whole; i += 16) v128.store(to + i, f32x4.sub(v128.load(a + i), v128.load(b + i))); break
    case 4: for (; i < whole; i += 16) v128.store(to + i, f32x4.mul(v128.load(a + i), v128.load(b + i))); break
    case 7: for (; i < whole; i += 16) v128.store(to + i, f32x4.mul(v128.load(a + i), first)); break
    case 20: for (; i < whole; i += 16) v128.store(to + i, indicator(positive(v128.load(a + i)))); break
    case 26: for (; i < whole; i += 16) { const x = v128.load(a + i); v128.store(to + i, v128.and(x, f32x4.gt(x, zero4()))) } break
    default: for (; i < whole; i += 16) v128.store(to + i, compute(fn, v128.load(a + i), v128.load(b + i), v128.load(c + i), first, second))
  }
  if (count & 3) storeLanes(to + i, compute(fn, v128.load(a + i), v128.load(b + i), v128.load(c + i), first, second), count & 3)
}

@inline function positive(x: v128): v128 { return f32x4.gt(x, zero4()) }
@inline function one(): v128 { return f32x4.splat(1) }
/** 1 where the mask is set. */
@inline function indicator(mask: v128): v128 { return v128.and(mask, one()) }

/** Four elements of function number `fn`: the order of FUNCTIONS in ../kernels/pointwise.ts. */
function compute(fn: i32, a: v128, b: v128, c: v128, k0: v128, k1: v128): v128 {
  switch (fn) {
    case 0: return a
    case 1: return k0
    case 2: return f32x4.add(a, b)
    case 3: return f32x4.sub(a, b)
    case 4: return f32x4.mul(a, b)
    case 5: return f32x4.div(a, b)
    case 6: return f32x4.neg(a)
    case 7: return f32x4.mul(a, k0)
    case 8: return f32x4.add(a, k0)
    case 9: return f32x4.mul(a, a)
    case 10: return f32x4.abs(a)
    case 11: return exp4(a)
    case 12: return log4(a)
    case 13: return f32x4.sqrt(a)
    case 14: return f32x4.div(one(), f32x4.sqrt(a))
    case 15: return f32x4.div(one(), a)
    case 16: return exp4(f32x4.mul(log4(a), k0))
    case 17: return tanh4(a)
    case 18: return f32x4.sub(one(), f32x4.mul(a, a))
    case 19: return f32x4.sub(indicator(positive(a)), indicator(f32x4.lt(a, zero4())))
    case 20: return indicator(positive(a))
    case 21: return indicator(f32x4.gt(a, b))
    case 22: return indicator(f32x4.eq(a, b))
    case 23: return v128.bitselect(b, c, positive(a))
    case 24: return f32x4.max(a, b)
    case 25: return f32x4.min(a, b)
    case 26: return v128.and(a, positive(a))
    case 27: return v128.bitselect(a, f32x4.mul(a, k0), positive(a))
    case 28: return v128.bitselect(one(), k0, positive(a))
    case 29: return v128.bitselect(a, f32x4.mul(k0, expMinusOne4(a)), positive(a))
    case 30: return v128.bitselect(one(), f32x4.add(a, k0), positive(a))
    case 31: return sigmoid4(a)
    case 32: return f32x4.mul(a, f32x4.sub(one(), a))
    case 33: return softplus4(a)
    case 34: return f32x4.mul(a, sigmoid4(a))
    case 35: return siluSlope4(a)
    case 36: return gelu4(a)
    case 37: return geluSlope4(a)
    case 38: return geluErf4(a)
    case 39: return geluErfSlope4(a)
    case 40: return f32x4.min(k1, f32x4.max(k0, a))
    default: return indicator(v128.and(f32x4.gt(a, k0), f32x4.lt(a, k1)))
  }
}
