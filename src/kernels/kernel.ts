// A kernel is a declaration plus shaders: what it computes (the CPU `reference`), which buffers it binds,
// and the algorithms that compute it on a GPU. The runner and the tuner read declarations; they name no kernel.

/** Static integers of one call (shapes, flags). Calls are specialised for them: they become WGSL constants, or a uniform where calls share a pipeline (`numbers`). */
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

/**
 * The arrays in which dispatches of a call leave something for those after them; `views` may see them as vec4s. Two, as WebGPU lets no
 * dispatch write to one part of a buffer while it reads another.
 */
export const WORKSPACE = 'workspace'
export const RESULTS = 'results'
export type Workspace = typeof WORKSPACE | typeof RESULTS

/** WebGPU features that a shader may ask for. */
export type ShaderFeature = 'subgroups'

/** WGSL element types, by the names of a call's buffers. */
export type Views = Readonly<Record<string, 'f32' | 'vec2<f32>' | 'vec4<f32>'>>

/** One way to compute a kernel on a GPU, with the rows of constants to try: one dispatch, or several. */
export type Algorithm = OneDispatch | SeveralDispatches

interface Rows {
  readonly name: string
  /** Features that it cannot run without. */
  readonly features?: readonly ShaderFeature[]
  /** Adapters it was written for: there its rows are tried first, and the first that fits is the untuned choice. Absent: both. */
  readonly suits?: 'gpu' | 'software'
  readonly variants: readonly Consts[]
  /** Buffers seen as another WGSL element type in this algorithm, e.g. { a: 'vec4<f32>' }. */
  readonly views?: (d: Dims, c: Consts) => Views
  /** False where this row cannot compute this call, or this adapter cannot run it. Absent: always fits. */
  readonly fits?: (d: Dims, c: Consts, gpu: GpuCapabilities) => boolean
  /** False where others are likely to be faster: its rows are tried after theirs. Absent: it is as likely as they. */
  readonly likely?: (d: Dims) => boolean
}

/** A WGSL file: it defines `main`; the header defines `u` (Dims), the constants, and the bindings. */
interface Shader {
  /** Path under `shaders/`. */
  readonly shader: string
  /** WGSL files put before the shader (shared functions). */
  readonly includes?: readonly string[]
}

export interface OneDispatch extends Rows, Shader {
  /** WGSL put before the shader where its text follows from more than constants: the program of a pointwise chain. */
  readonly generate?: (d: Dims, c: Consts) => string
  /** Invocations of a workgroup. Absent: the row's X by Y, each 1 where it has none. */
  readonly workgroup?: (d: Dims, c: Consts) => Grid
  /** Number of workgroups. */
  readonly grid: (d: Dims, c: Consts) => Grid
  /** Shapes that come at run time (`DispatchDeclaration`). Absent: they are constants of the shader. */
  readonly numbers?: (d: Dims, c: Consts) => Dims
}

/**
 * Each dispatch leaves something in `workspace` for those after it: parts of sums too long for so few outputs to keep a GPU busy,
 * which the last adds up, always in the same order; an input in another order; all of it transformed.
 */
export interface SeveralDispatches extends Rows {
  /** Elements of the workspace, an array of f32. */
  readonly workspace: (d: Dims, c: Consts) => number
  /** Of the second. */
  readonly results?: (d: Dims, c: Consts) => number
  /** In their order. For any dims, even where no row fits: what remembers rows by their shaders asks for those of every probe. */
  readonly dispatches: (d: Dims, c: Consts) => readonly DispatchDeclaration[]
}

/** Both numbers, of elements, divide by 64, as WebGPU binds buffers in steps of 256 bytes. */
export interface WorkspacePart {
  readonly of: Workspace
  readonly offset: number
  readonly length: number
}

/** A part that a dispatch writes to. */
export interface WrittenPart extends WorkspacePart {
  readonly written: true
}

/** One dispatch of a call. */
export interface DispatchDeclaration extends Shader {
  readonly generate?: () => string
  readonly workgroup: Grid
  readonly grid: Grid
  /** The buffers that it binds, by what its shader calls each: several kernels may use one shader. Left out where a call has none (a missing bias). */
  readonly binds: Readonly<Record<string, string | WorkspacePart | WrittenPart>>
  /** Where it sees buffers as other types than its algorithm does. */
  readonly views?: Views
  /**
   * Shapes that come at run time, for adapters that compile slowly and fold little. The shader's `u` then holds these numbers and
   * is a uniform; directives and `${...}` see them and the call's dims, and what they make of them is text: dispatches with equal
   * texts share a pipeline. Absent: `u` holds the call's dims, constants of the shader.
   */
  readonly numbers?: Dims
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

/** Names of the buffers that a call binds, in binding order. */
export const boundBuffers = (kernel: Kernel, d: Dims): readonly string[] => Object.keys(kernel.buffers).filter((name) => kernel.buffers[name]!.bound?.(d) ?? true)

/** Buffers under their own names. */
export const own = (...names: readonly string[]): Readonly<Record<string, string>> => Object.fromEntries(names.map((name) => [name, name]))

/** The dispatches of one row, in their order. */
export function dispatchesOf(kernel: Kernel, algorithm: Algorithm, d: Dims, c: Consts): readonly DispatchDeclaration[] {
  if ('dispatches' in algorithm) return algorithm.dispatches(d, c)
  const { shader, includes = [], generate, numbers } = algorithm
  return [{
    shader, includes, binds: own(...boundBuffers(kernel, d)), grid: algorithm.grid(d, c), workgroup: algorithm.workgroup?.(d, c) ?? [c['X'] ?? 1, c['Y'] ?? 1, 1],
    ...(generate === undefined ? {} : { generate: () => generate(d, c) }), ...(numbers === undefined ? {} : { numbers: numbers(d, c) }),
  }]
}

/** Workgroups for one invocation per element; wraps into y beyond 65,535 so that any size fits. */
export function linearGrid(elements: number, workgroupSize: number): Grid {
  const groups = Math.max(1, Math.ceil(elements / workgroupSize))
  if (groups <= 65_535) return [groups, 1, 1]
  const y = Math.ceil(groups / 65_535)
  return [Math.ceil(groups / y), y, 1]
}

/** Adds up sums in SPLITS: invocations along y share the parts of an element, so that few elements of many parts keep a GPU busy too. */
export function addSplits(shader: string, elements: number, c: Consts): Pick<DispatchDeclaration, 'shader' | 'workgroup' | 'grid'> {
  const sharers = Math.max(1, Math.min(16, dim(c, 'SPLITS') / 4))
  const columns = sharers === 1 ? 64 : 16
  return { shader, workgroup: [columns, sharers, 1], grid: linearGrid(elements, columns) }
}

/** A dimension or flag of a call; an InvariantError would only hide the typo, so 0 is never assumed. */
export function dim(d: Dims, key: string): number {
  const value = d[key]
  if (value === undefined) throw new RangeError(`dims: must have ${key}, got ${Object.keys(d).join(', ')}`)
  return value
}
