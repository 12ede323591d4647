// Elementary functions of four numbers at a time, to about 1e-7 relative: the polynomials of Cephes (Moshier), as in
// single-precision expf and logf. NaN comes out as NaN.
import { fma, zero4 } from './simd'

export function exp4(value: v128): v128 {
  // Beyond these the result is 0 or infinity in single precision; pmin and pmax written so that NaN stays.
  const x = f32x4.pmax(f32x4.pmin(value, f32x4.splat(88.72284)), f32x4.splat(-87.33655))
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)))
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)))
  r = f32x4.add(r, f32x4.mul(n, f32x4.splat(2.12194440e-4)))
  let p = fma(f32x4.splat(1.9875691500e-4), r, f32x4.splat(1.3981999507e-3))
  p = fma(p, r, f32x4.splat(8.3334519073e-3))
  p = fma(p, r, f32x4.splat(4.1665795894e-2))
  p = fma(p, r, f32x4.splat(1.6666665459e-1))
  p = fma(p, r, f32x4.splat(5.0000001201e-1))
  p = fma(p, f32x4.mul(r, r), f32x4.add(r, f32x4.splat(1)))
  // 2^n in two halves, as n may be 128.
  const whole = i32x4.trunc_sat_f32x4_s(n)
  const half = i32x4.shr_s(whole, 1)
  const scale = (<v128>i32x4.shl(i32x4.add(half, i32x4.splat(127)), 23))
  const rest = (<v128>i32x4.shl(i32x4.add(i32x4.sub(whole, half), i32x4.splat(127)), 23))
  return f32x4.mul(f32x4.mul(p, scale), rest)
}

/** x > 0; -infinity at 0, NaN below. */
export function log4(x: v128): v128 {
  // Denormals are scaled up first.
  const small = f32x4.lt(x, f32x4.splat(1.17549435e-38))
  const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, small)
  const shift = v128.and(small, f32x4.splat(-23))
  // scaled = m * 2^e with m in [sqrt(1/2), sqrt(2))
  const bits = i32x4.sub(scaled, i32x4.splat(0x3f3504f3))
  const e = i32x4.shr_s(bits, 23)
  const m = f32x4.sub(i32x4.add(v128.and(bits, i32x4.splat(0x7fffff)), i32x4.splat(0x3f3504f3)), f32x4.splat(1))
  const exponent = f32x4.add(f32x4.convert_i32x4_s(e), shift)
  const z = f32x4.mul(m, m)
  let p = fma(f32x4.splat(7.0376836292e-2), m, f32x4.splat(-1.1514610310e-1))
  p = fma(p, m, f32x4.splat(1.1676998740e-1))
  p = fma(p, m, f32x4.splat(-1.2420140846e-1))
  p = fma(p, m, f32x4.splat(1.4249322787e-1))
  p = fma(p, m, f32x4.splat(-1.6668057665e-1))
  p = fma(p, m, f32x4.splat(2.0000714765e-1))
  p = fma(p, m, f32x4.splat(-2.4999993993e-1))
  p = fma(p, m, f32x4.splat(3.3333331174e-1))
  p = f32x4.mul(f32x4.mul(p, m), z)
  p = fma(exponent, f32x4.splat(-2.12194440e-4), p)
  p = f32x4.sub(p, f32x4.mul(z, f32x4.splat(0.5)))
  const finite = fma(exponent, f32x4.splat(0.693359375), f32x4.add(m, p))
  const positive = v128.bitselect(finite, f32x4.splat(f32.NaN), f32x4.gt(x, f32x4.splat(0)))
  const infinite = v128.bitselect(x, positive, f32x4.eq(x, f32x4.splat(f32.POSITIVE_INFINITY)))
  return v128.bitselect(f32x4.splat(f32.NEGATIVE_INFINITY), infinite, f32x4.eq(x, f32x4.splat(0)))
}

export function sigmoid4(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), exp4(f32x4.neg(x))))
}

/** Odd series near 0, where 1 - exp would cancel. */
export function tanh4(x: v128): v128 {
  const magnitude = f32x4.abs(x)
  const t = exp4(f32x4.mul(magnitude, f32x4.splat(-2)))
  const far = f32x4.div(f32x4.sub(f32x4.splat(1), t), f32x4.add(f32x4.splat(1), t))
  const z = f32x4.mul(x, x)
  let p = fma(f32x4.splat(-5.70498872745e-3), z, f32x4.splat(2.06390887954e-2))
  p = fma(p, z, f32x4.splat(-5.37397155531e-2))
  p = fma(p, z, f32x4.splat(1.33314422036e-1))
  p = fma(p, z, f32x4.splat(-3.33332819422e-1))
  const near = fma(f32x4.mul(p, z), x, x)
  const sign = v128.and(x, i32x4.splat(0x80000000))
  return v128.bitselect(near, v128.or(far, sign), f32x4.lt(magnitude, f32x4.splat(0.625)))
}

/** The error function to 1.5e-7 absolute (Abramowitz and Stegun 7.1.26), by its series near 0. */
export function erf4(x: v128): v128 {
  const magnitude = f32x4.abs(x)
  const t = f32x4.div(f32x4.splat(1), fma(magnitude, f32x4.splat(0.3275911), f32x4.splat(1)))
  let p = fma(f32x4.splat(1.061405429), t, f32x4.splat(-1.453152027))
  p = fma(p, t, f32x4.splat(1.421413741))
  p = fma(p, t, f32x4.splat(-0.284496736))
  p = fma(p, t, f32x4.splat(0.254829592))
  const z = f32x4.mul(x, x)
  const far = f32x4.sub(f32x4.splat(1), f32x4.mul(f32x4.mul(p, t), exp4(f32x4.neg(z))))
  let s = fma(z, f32x4.splat(-0.0268661706), f32x4.splat(0.1128379167))
  s = fma(s, z, f32x4.splat(-0.3761263890))
  const near = f32x4.mul(x, fma(s, z, f32x4.splat(1.1283791671)))
  const sign = v128.and(x, i32x4.splat(0x80000000))
  return v128.bitselect(near, v128.or(far, sign), f32x4.lt(magnitude, f32x4.splat(0.25)))
}

@inline function one(): v128 { return f32x4.splat(1) }

/** By its series near 0, where 1 would swallow it. */
export function expMinusOne4(x: v128): v128 {
  let p = fma(x, f32x4.splat(0.0083333333), f32x4.splat(0.0416666667))
  p = fma(p, x, f32x4.splat(0.1666666667))
  p = fma(p, x, f32x4.splat(0.5))
  const near = fma(f32x4.mul(p, x), x, x)
  return v128.bitselect(near, f32x4.sub(exp4(x), one()), f32x4.lt(f32x4.abs(x), f32x4.splat(0.1)))
}

export function softplus4(x: v128): v128 {
  return f32x4.add(f32x4.max(x, zero4()), log4(f32x4.add(one(), exp4(f32x4.neg(f32x4.abs(x))))))
}

export function siluSlope4(x: v128): v128 {
  const s = sigmoid4(x)
  return f32x4.mul(s, f32x4.add(one(), f32x4.mul(x, f32x4.sub(one(), s))))
}

/** (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2, which is a sigmoid of twice that. */
@inline function geluShare(x: v128): v128 {
  const cube = f32x4.mul(f32x4.mul(x, x), x)
  return sigmoid4(f32x4.mul(f32x4.splat(1.5957691216), fma(f32x4.splat(0.044715), cube, x)))
}

export function gelu4(x: v128): v128 {
  return f32x4.mul(x, geluShare(x))
}

export function geluSlope4(x: v128): v128 {
  const share = geluShare(x)
  const inside = f32x4.mul(f32x4.splat(1.5957691216), fma(f32x4.splat(0.134145), f32x4.mul(x, x), one()))
  return fma(f32x4.mul(f32x4.mul(x, share), f32x4.sub(one(), share)), inside, share)
}

export function geluErf4(x: v128): v128 {
  return f32x4.mul(f32x4.mul(f32x4.splat(0.5), x), f32x4.add(one(), erf4(f32x4.mul(x, f32x4.splat(0.70710678)))))
}

export function geluErfSlope4(x: v128): v128 {
  const half = f32x4.mul(f32x4.splat(0.5), f32x4.add(one(), erf4(f32x4.mul(x, f32x4.splat(0.70710678)))))
  return fma(f32x4.mul(x, f32x4.splat(0.39894228)), exp4(f32x4.mul(f32x4.splat(-0.5), f32x4.mul(x, x))), half)
}

/** Activation of an epilogue: the codes of src/kernels/activation.ts, with its constants. */
export function activate(x: v128, code: i32): v128 {
  switch (code) {
    case 0: return x
    case 1: return v128.and(x, f32x4.gt(x, zero4()))
    case 2: return tanh4(x)
    case 3: return sigmoid4(x)
    case 4: return v128.bitselect(x, f32x4.mul(x, f32x4.splat(0.01)), f32x4.gt(x, zero4()))
    case 5: return v128.bitselect(x, expMinusOne4(x), f32x4.gt(x, zero4()))
    case 6: return gelu4(x)
    case 7: return geluErf4(x)
    case 8: return f32x4.mul(x, sigmoid4(x))
    default: return softplus4(x)
  }
}
