// Optimizer updates: one pass over a range of the params' arena each. What they share is in optimizers/problem.ts.
// Except where decay is decoupled, weight decay is L2: added to the gradient, after clipping, as in PyTorch.
import { gradientSquares, clipScales } from './optimizers/clipping.ts'
import { hyperOf, optimizerKernel } from './optimizers/problem.ts'

export { BLOCK, CLIP, HYPER, plainUpdate } from './optimizers/problem.ts'
export { clipScales, gradientSquares }

export const sgd = optimizerKernel({
  name: 'sgd',
  formula: 'g = gradient + weightDecay * p; p -= learningRate * g',
  slots: {},
  flops: 4,
  step(d, b) {
    const h = hyperOf(d, b), rate = h('learningRate'), decay = h('weightDecay'), params = b['params']!
    return (gradients, from, to) => {
      for (let i = from; i < to; i++) params[i]! -= rate * (gradients[i - from]! + decay * params[i]!)
    }
  },
})

/** Momentum as in Sutskever et al. 2013, PyTorch's form: NESTEROV steps along g + beta1 * v. */
export const momentum = optimizerKernel({
  name: 'momentum',
  formula: 'g = gradient + weightDecay * p; v = beta1 * v + g; p -= learningRate * (NESTEROV = 1 ? g + beta1 * v : v)',
  slots: { v: {} },
  flags: [{ NESTEROV: 0 }, { NESTEROV: 1 }],
  flops: 6,
  step(d, b) {
    const h = hyperOf(d, b), rate = h('learningRate'), decay = h('weightDecay'), beta = h('beta1'), v = b['v']!, params = b['params']!
    return (gradients, from, to) => {
      for (let i = from; i < to; i++) {
        const p = params[i]!, g = gradients[i - from]! + decay * p
        v[i] = beta * v[i]! + g
        params[i] = p - rate * (d['NESTEROV'] === 1 ? g + beta * v[i]! : v[i]!)
      }
    }
  },
})

/** Duchi, Hazan and Singer 2011. */
export const adagrad = optimizerKernel({
  name: 'adagrad',
  formula: 'g = gradient + weightDecay * p; v += g^2; p -= learningRate * g / (sqrt(initial + v) + epsilon)',
  slots: { v: { squares: true } },
  flops: 8,
  step(d, b) {
    const h = hyperOf(d, b), rate = h('learningRate'), decay = h('weightDecay'), initial = h('initial'), epsilon = h('epsilon'), v = b['v']!, params = b['params']!
    return (gradients, from, to) => {
      for (let i = from; i < to; i++) {
        const p = params[i]!, g = gradients[i - from]! + decay * p
        v[i]! += g * g
        params[i] = p - (rate * g) / (Math.sqrt(initial + v[i]!) + epsilon)
      }
    }
  },
})

/** Zeiler 2012, arXiv 1212.5701. `s` holds the squares of the steps. */
export const adadelta = optimizerKernel({
  name: 'adadelta',
  formula: 'v = beta2 * v + (1 - beta2) * g^2; d = sqrt(s + epsilon) / sqrt(v + epsilon) * g; s = beta2 * s + (1 - beta2) * d^2; p -= learningRate * d',
  slots: { v: { squares: true }, s: { squares: true } },
  flops: 16,
  step(d, b) {
    const h = hyperOf(d, b), rate = h('learningRate'), decay = h('weightDecay'), beta = h('beta2'), epsilon = h('epsilon'), v = b['v']!, s = b['s']!, params = b['params']!
    return (gradients, from, to) => {
      for (let i = from; i < to; i++) {
        const p = params[i]!, g = gradients[i - from]! + decay * p
        v[i] = beta * v[i]! + (1 - beta) * g * g
        const delta = (Math.sqrt(s[i]! + epsilon) / Math.sqrt(v[i]! + epsilon)) * g
        s[i] = beta * s[i]! + (1 - beta) * delta * delta
        params[i] = p - rate * delta
      }
    }
  },
})

/** Tieleman and Hinton 2012, with momentum on the scaled gradient where MOMENTUM = 1. */
export const rmsprop = optimizerKernel({
  name: 'rmsprop',
  formula: 'v = beta2 * v + (1 - beta2) * g^2; d = g / (sqrt(v) + epsilon); MOMENTUM = 1: d = m = beta1 * m + d; p -= learningRate * d',
  slots: { v: { squares: true }, m: { bound: (d) => d['MOMENTUM'] === 1 } },
  flags: [{ MOMENTUM: 0 }, { MOMENTUM: 1 }],
  flops: 12,
  step(d, b) {
    const h = hyperOf(d, b), rate = h('learningRate'), decay = h('weightDecay'), beta1 = h('beta1'), beta2 = h('beta2'), epsilon = h('epsilon')
    const { v, m } = b, params = b['params']!, hasMomentum = d['MOMENTUM'] === 1
    return (gradients, from, to) => {
      for (let i = from; i < to; i++) {
        const p = params[i]!, g = gradients[i - from]! + decay * p
        v![i] = beta2 * v![i]! + (1 - beta2) * g * g
        const delta = g / (Math.sqrt(v![i]!) + epsilon)
        if (hasMomentum) m![i] = beta1 * m![i]! + delta
        params[i] = p - rate * (hasMomentum ? m![i]! : delta)
      }
    }
  },
})

/** Adam (Kingma and Ba 2015, arXiv 1412.6980); DECOUPLED: AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101). */
export const adam = optimizerKernel({
  name: 'adam',
  formula: 'm = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g^2; p -= learningRate * (m / correction1) / (sqrt(v / correction2) + epsilon)',
  slots: { m: {}, v: { squares: true } },
  flags: [{ DECOUPLED: 0 }, { DECOUPLED: 1 }],
  flops: 14,
  step(d, b) {
    const h = hyperOf(d, b), rate = h('learningRate'), decay = h('weightDecay'), beta1 = h('beta1'), beta2 = h('beta2'), epsilon = h('epsilon')
    const correction1 = h('correction1'), correction2 = h('correction2'), m = b['m']!, v = b['v']!, params = b['params']!
    const decoupled = d['DECOUPLED'] === 1
    return (gradients, from, to) => {
      for (let i = from; i < to; i++) {
        const p = params[i]!, g = gradients[i - from]! + (decoupled ? 0 : decay * p)
        m[i] = beta1 * m[i]! + (1 - beta1) * g
        v[i] = beta2 * v[i]! + (1 - beta2) * g * g
        const start = decoupled ? p - rate * decay * p : p
        params[i] = start - (rate * (m[i]! / correction1)) / (Math.sqrt(v[i]! / correction2) + epsilon)
      }
    }
  },
})

/** Adam in the infinity norm (the same paper), in PyTorch's form. */
export const adamax = optimizerKernel({
  name: 'adamax',
  formula: 'm = beta1 * m + (1 - beta1) * g; v = max(beta2 * v, |g| + epsilon); p -= learningRate / correction1 * m / v',
  slots: { m: {}, v: { squares: true } },
  flops: 10,
  step(d, b) {
    const h = hyperOf(d, b), rate = h('learningRate') / h('correction1'), decay = h('weightDecay'), beta1 = h('beta1'), beta2 = h('beta2'), epsilon = h('epsilon')
    const m = b['m']!, v = b['v']!, params = b['params']!
    return (gradients, from, to) => {
      for (let i = from; i < to; i++) {
        const p = params[i]!, g = gradients[i - from]! + decay * p
        m[i] = beta1 * m[i]! + (1 - beta1) * g
        v[i] = Math.max(beta2 * v[i]!, Math.abs(g) + epsilon)
        params[i] = p - (rate * m[i]!) / v[i]!
      }
    }
  },
})

/** Zaheer et al. 2018: squares move by a fixed share of g^2, whichever way, so that they cannot grow in one leap. */
export const yogi = optimizerKernel({
  name: 'yogi',
  formula: 'm = beta1 * m + (1 - beta1) * g; v -= (1 - beta2) * sign(initial + v - g^2) * g^2; p -= learningRate * (m / correction1) / (sqrt((initial + v) / correction2) + epsilon)',
  slots: { m: {}, v: { squares: true } },
  flops: 16,
  step(d, b) {
    const h = hyperOf(d, b), rate = h('learningRate') / h('correction1'), decay = h('weightDecay'), beta1 = h('beta1'), beta2 = h('beta2')
    const epsilon = h('epsilon'), initial = h('initial'), correction2 = h('correction2'), m = b['m']!, v = b['v']!, params = b['params']!
    return (gradients, from, to) => {
      for (let i = from; i < to; i++) {
        const p = params[i]!, g = gradients[i - from]! + decay * p
        m[i] = beta1 * m[i]! + (1 - beta1) * g
        v[i]! -= (1 - beta2) * Math.sign(initial + v[i]! - g * g) * g * g
        params[i] = p - (rate * m[i]!) / (Math.sqrt(Math.max(0, initial + v[i]!) / correction2) + epsilon)
      }
    }
  },
})

/** Chen et al. 2023, arXiv 2302.06675: steps of one size, along the sign of a mean; decay is decoupled. */
export const lion = optimizerKernel({
  name: 'lion',
  formula: 'p -= learningRate * (sign(beta1 * m + (1 - beta1) * g) + weightDecay * p); m = beta2 * m + (1 - beta2) * g',
  slots: { m: {} },
  flops: 10,
  step(d, b) {
    const h = hyperOf(d, b), rate = h('learningRate'), decay = h('weightDecay'), beta1 = h('beta1'), beta2 = h('beta2'), m = b['m']!, params = b['params']!
    return (gradients, from, to) => {
      for (let i = from; i < to; i++) {
        const p = params[i]!, g = gradients[i - from]!
        const direction = Math.sign(beta1 * m[i]! + (1 - beta1) * g)
        m[i] = beta2 * m[i]! + (1 - beta2) * g
        params[i] = p - rate * (direction + decay * p)
      }
    }
  },
})

export const optimizerKernels = [sgd, momentum, adagrad, adadelta, rmsprop, adam, adamax, yogi, lion, gradientSquares, clipScales]
