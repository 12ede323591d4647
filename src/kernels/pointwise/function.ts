// A pointwise function: one number for each element from up to three numbers there. Hand-written WGSL that reads f32 and
// vec4<f32> alike (`shaders/functions/<name>.wgsl` defines `f_<name>` over the alias `value`), the same in TypeScript, and
// its derivative as more pointwise functions, so that a chain and its gradient can be one kernel call each.

export interface PointwiseFunction {
  readonly name: string
  /** Tensors it reads: 0 to 3. */
  readonly arity: number
  /** Real numbers that are fixed when a Plan is compiled, after the tensors in WGSL. */
  readonly constants?: readonly ConstantDeclaration[]
  readonly forward: (constants: readonly number[]) => (a: number, b: number, c: number) => number
  /**
   * Gradients with respect to each argument, of the shape of `dy`. Undefined where it is zero almost everywhere;
   * absent where there is no rule (slopes are not differentiated again).
   */
  gradient?<V>(at: GradientContext<V>): readonly (V | undefined)[]
  /** Never falls as its argument grows: the largest of results is the result of the largest. */
  readonly nonDecreasing?: true
  /** Arguments that probes give it, [low, high): -1 to 1 where absent. */
  readonly range?: readonly [low: number, high: number]
}

export interface ConstantDeclaration {
  readonly name: string
  /** Absent where callers must give one. */
  readonly default?: number
  /** What probes take where there is no default. */
  readonly probe?: number
}

/** A call of the function whose gradient is wanted, over whatever stands for values: tensors in a graph. */
export interface GradientContext<V> {
  readonly args: readonly V[]
  readonly y: V
  readonly dy: V
  readonly constants: readonly number[]
  readonly apply: (name: string, args: readonly V[], constants?: readonly number[]) => V
}

export const definePointwise = (declared: PointwiseFunction): PointwiseFunction => declared

/** The rule of a function of one argument: dy times a slope. */
export const fromInput = (slope: string): { gradient<V>(at: GradientContext<V>): readonly V[] } => ({
  gradient: ({ args: [x], dy, constants, apply }) => [apply('mul', [dy, apply(slope, [x!], constants)])],
})

/** The same where the slope follows from the output, so that the input need not be kept. */
export const fromOutput = (slope: string): { gradient<V>(at: GradientContext<V>): readonly V[] } => ({
  gradient: ({ y, dy, constants, apply }) => [apply('mul', [dy, apply(slope, [y], constants)])],
})
