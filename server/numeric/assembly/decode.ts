// Four elements of an encoded payload as f32x4, and one as f32.

@inline export const F32: i32 = 0
@inline export const F16: i32 = 1
@inline export const INT8: i32 = 2

@inline const MAGNITUDE: i32 = 0x7fff
/** What lies between the exponents of f16 and f32, and between their largest ones. */
@inline const REBIAS: i32 = (127 - 15) << 23
@inline const REBIAS_INFINITE: i32 = (128 - 16) << 23
@inline const INFINITE: i32 = 0x7c00 << 13

/** From four halves in the low lanes, widened to i32. */
@inline export function halves(h: v128): v128 {
  const magnitude = i32x4.shl(v128.and(h, i32x4.splat(MAGNITUDE)), 13)
  const sign = i32x4.shl(v128.andnot(h, i32x4.splat(MAGNITUDE)), 16)
  const exponent = v128.and(magnitude, i32x4.splat(INFINITE))
  let bits = i32x4.add(magnitude, i32x4.splat(REBIAS))
  bits = i32x4.add(bits, v128.and(i32x4.eq(exponent, i32x4.splat(INFINITE)), i32x4.splat(REBIAS_INFINITE)))
  // A subnormal half: with an exponent it has not, less what that exponent adds.
  const small = f32x4.sub(i32x4.add(bits, i32x4.splat(1 << 23)), i32x4.splat(REBIAS + (1 << 23)))
  return v128.or(sign, v128.bitselect(small, bits, i32x4.eq(exponent, i32x4.splat(0))))
}

@inline export function halvesAt(at: usize): v128 { return halves(v128.load16x4_u(at)) }

@inline export function halfAt(at: usize): f32 { return f32x4.extract_lane(halves(i32x4.splat(load<u16>(at))), 0) }

/** scale * q, which f32 rounds as f64 rounded to f32 would: the product of 8 and 24 bits is exact in f64. */
@inline export function stepsAt(at: usize, scale: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(at)))), scale)
}

@inline export function stepAt(at: usize, scale: f32): f32 { return <f32>load<i8>(at) * scale }
