// A kernel is a declaration plus shaders: what it computes (the CPU `reference`), which buffers it binds,
// and the algorithms that compute it on a GPU. The runner and the tuner read declarations; they name no kernel.

/** Static integers of one call (shapes, flags). Calls are specialised for them: they become WGSL constants, or a uniform where calls share a pipeline (`Shared`). */
export type Dims = Readonly<Record<string, number>>

/** Tuning constants of one variant of an algorithm (tile sizes and the like). */
export type Consts = Readonly<Record<string, number>>

export type Grid = readonly [x: number, y: number, z: number]
export type ElementType = 'f32' | 'u32'

/** What elements are in memory: f16 ones are real numbers that shaders read and write as f32. */
export type StorageType = ElementType | 'f16'

export const bytesOfElement = (element: StorageType): number => (element === 'f16' ? 2 : 4)

/** What a reference computes on. `f32` buffers are Float64Array in gradient checks. */
export type NumberArray = Float32Array | Float64Array | Uint32Array

export interface BufferDeclaration {
  /** `update` reads and writes in place. */
  readonly access: 'read' | 'write' | 'update'
  /** f16 only in what `inHalf` makes of a kernel. */
  readonly element: StorageType
  /** May be stored as f16: activations and their gradients. Absent: statistics, sums, losses, params and what is remembered of them. */
  readonly half?: true
  /** Number of elements. */
  readonly length: (d: Dims) => number
  /** False where a call does not bind this buffer (a missing bias). WGSL reads it through `<name>_at(i)`, which is then zero. */
  readonly bound?: (d: Dims) => boolean
  /** Values that probes and timings fill it with, [low, high): -1 to 1 where absent, and 0 for u32. */
  readonly range?: (d: Dims) => readonly [low: number, high: number]
}

/** The limits and features of a GPU adapter that decide whether a variant can run there. */
export interface GpuCapabilities {
  readonly maxComputeInvocationsPerWorkgroup: number
  readonly maxComputeWorkgroupStorageSize: number
  readonly maxComputeWorkgroupSizeX: number
  readonly maxComputeWorkgroupSizeY: number
  readonly maxStorageBuffersPerShaderStage: number
  /** 0 where subgroups are not offered. */
  readonly subgroupMinSize: number
  readonly subgroupMaxSize: number
  /** WebGPU emulated on the CPU: its costs are the opposite of a GPU's. */
  readonly software: boolean
  readonly features: ReadonlySet<string>
}

/** What shaders call the array in which the first of two dispatches leaves something for the second; `views` may see it as vec4s. */
export const WORKSPACE = 'workspace'

/** WebGPU features that a shader may ask for. */
export type ShaderFeature = 'subgroups'

/** One way to compute a kernel on a GPU: a WGSL file and the rows of constants to try. */
export interface Algorithm {
  readonly name: string
  /** Path under `shaders/`. The file defines `main`; the header defines `u` (Dims), the constants, and the bindings. */
  readonly shader: string
  /** WGSL files put before the shader (shared functions). */
  readonly includes?: readonly string[]
  /** WGSL put before the shader where its text follows from more than constants: the program of a pointwise chain. */
  readonly generate?: (d: Dims, c: Consts) => string
  /** Features that it cannot run without. */
  readonly features?: readonly ShaderFeature[]
  /** Adapters it was written for: there its rows are tried first, and the first that fits is the untuned choice. Absent: both. */
  readonly suits?: 'gpu' | 'software'
  readonly variants: readonly Consts[]
  /** Buffers seen as another WGSL element type in this algorithm, e.g. { a: 'vec4<f32>' }. */
  readonly views?: (d: Dims, c: Consts) => Readonly<Record<string, 'vec2<f32>' | 'vec4<f32>'>>
  /** False where this row cannot compute this call, or this adapter cannot run it. Absent: always fits. */
  readonly fits?: (d: Dims, c: Consts, gpu: GpuCapabilities) => boolean
  /** Invocations of a workgroup. Absent: the row's X by Y, each 1 where it has none. */
  readonly workgroup?: (d: Dims, c: Consts) => Grid
  /** Number of workgroups. */
  readonly grid: (d: Dims, c: Consts) => Grid
  /** A second dispatch, where the first only leaves something in the workspace. */
  readonly finish?: Finish
  /** Shapes come at run time: calls that differ by nothing else share a pipeline. Absent: shapes are constants of the shader. Not beside `finish`, which may share itself. */
  readonly shared?: Shared
}

/**
 * For adapters that compile slowly and fold little. The shader's `u` then holds these numbers and is a uniform; directives and
 * `${...}` see them and the call's dims, and what they make of them is text: calls with equal texts share.
 */
export interface Shared {
  readonly numbers: (d: Dims, c: Consts) => Dims
}

/** Of a second dispatch: the buffers that it binds, in binding order, with what the shader, another kernel's, calls each. */
export interface SharedFinish extends Shared {
  readonly binds: Readonly<Record<string, string>>
}

/**
 * Sums too long for so few outputs to keep a GPU busy are cut into parts: the first dispatch leaves the parts in `workspace`,
 * an array of f32, and does not bind what the kernel writes; this one adds them up, always in the same order. Or the first puts an
 * input in another order, for the second to read.
 */
export interface Finish {
  readonly shader: string
  readonly includes?: readonly string[]
  /** Elements of the workspace. */
  readonly workspace: (d: Dims, c: Consts) => number
  /** Inputs that this dispatch reads (a bias) and the first does not. */
  readonly reads?: readonly string[]
  readonly workgroup: (d: Dims, c: Consts) => Grid
  readonly grid: (d: Dims, c: Consts) => Grid
  readonly shared?: SharedFinish
}

export interface Kernel {
  readonly name: string
  /** The formula with its shapes, as in the first line of its shaders. */
  readonly formula: string
  readonly buffers: Readonly<Record<string, BufferDeclaration>>
  /** Where a bias and an activation can be added to what it computes, at no cost: dims BIAS and ACT, buffer `bias`. */
  readonly epilogue?: Epilogue
  /** How it can write an output over an input that nobody needs any more (`dead`), where it can. */
  readonly inPlace?: (d: Dims, dead: (buffer: string) => boolean) => InPlace | undefined
  readonly algorithms: readonly Algorithm[]
  /** Floating point operations of a call, a multiply-add counting two. */
  readonly flops: (d: Dims) => number
  /** Computes the call on plain arrays; the oracle for every variant. */
  readonly reference: (d: Dims, b: Readonly<Record<string, NumberArray>>) => void
  /** Small calls that cover the edges (odd sizes, flags); each variant is checked on those it fits. */
  readonly probes: readonly Dims[]
}

export interface Epilogue {
  readonly output: string
  /** Length of the bias: neighbouring elements of the output that one copy of it is added to. */
  readonly columns: (d: Dims) => number
}

export interface InPlace {
  /** The kernel that does so: it has `buffer`, an `update` one, instead of `output` and `input`. */
  readonly kernel: Kernel
  readonly output: string
  readonly input: string
  readonly buffer: string
}

export const defineKernel = (kernel: Kernel): Kernel => kernel

/** All combinations of the listed values: product({ A: [1, 2], B: [3] }) = [{ A: 1, B: 3 }, { A: 2, B: 3 }]. */
export function variants(axes: Readonly<Record<string, readonly number[]>>): readonly Consts[] {
  return Object.entries(axes).reduce<readonly Consts[]>(
    (rows, [key, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [key]: value }))),
    [{}],
  )
}

/** Invocations of a workgroup, and workgroups. */
export interface DispatchSize { readonly workgroup: Grid; readonly grid: Grid }

/** The dispatches of one row, in their order. */
export function dispatchSizes(algorithm: Algorithm, d: Dims, c: Consts): readonly DispatchSize[] {
  const { finish } = algorithm
  const first = { workgroup: algorithm.workgroup?.(d, c) ?? [c['X'] ?? 1, c['Y'] ?? 1, 1] as const, grid: algorithm.grid(d, c) }
  return finish === undefined ? [first] : [first, { workgroup: finish.workgroup(d, c), grid: finish.grid(d, c) }]
}

/** Workgroups for one invocation per element; wraps into y beyond 65,535 so that any size fits. */
export function linearGrid(elements: number, workgroupSize: number): Grid {
  const groups = Math.max(1, Math.ceil(elements / workgroupSize))
  if (groups <= 65_535) return [groups, 1, 1]
  const y = Math.ceil(groups / 65_535)
  return [Math.ceil(groups / y), y, 1]
}

/** The second dispatch of sums in SPLITS: invocations along y share the parts of an element, so that few elements of many parts keep a GPU busy too. */
export function addSplits(shader: string, elements: (d: Dims) => number): Pick<Finish, 'shader' | 'workgroup' | 'grid'> {
  const columns = (c: Consts): number => (sharers(c) === 1 ? 64 : 16)
  const sharers = (c: Consts): number => Math.max(1, Math.min(16, dim(c, 'SPLITS') / 4))
  return { shader, workgroup: (_, c) => [columns(c), sharers(c), 1], grid: (d, c) => linearGrid(elements(d), columns(c)) }
}

/** A dimension or flag of a call; an InvariantError would only hide the typo, so 0 is never assumed. */
export function dim(d: Dims, key: string): number {
  const value = d[key]
  if (value === undefined) throw new RangeError(`dims: must have ${key}, got ${Object.keys(d).join(', ')}`)
  return value
}
