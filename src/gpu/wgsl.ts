// Turns a kernel's declaration and one variant of one algorithm into a whole WGSL module: constants, bindings, then the
// shader's own functions. Shapes are constants and arrays have fixed sizes, so that compilers can fold index arithmetic
// and bounds checks; where calls share a pipeline, shapes are a uniform.
import { InvariantError } from '../base/errors.ts'
import { dispatchSizes, WORKSPACE, type Algorithm, type BufferDeclaration, type Consts, type Dims, type DispatchSize, type Kernel, type Shared } from '../kernels/kernel.ts'
import { halfAccessors, halfReader, ROUNDING, storedAs, throughAccessors, type HalfMode } from './half-access.ts'
import { expand, value } from './template.ts'

const files = import.meta.glob<string>('../../shaders/**/*.wgsl', { query: '?raw', import: 'default', eager: true })

/** One way to run one call: what the tuner chooses between. */
export interface Variant {
  readonly algorithm: Algorithm
  readonly consts: Consts
}

/** For labels and reports: `matmul/register-tiles ROWS=4 COLS=4`. */
export function describeVariant(kernel: Kernel, variant: Variant): string {
  const consts = Object.entries(variant.consts).map(([key, value]) => ` ${key}=${value}`)
  return `${kernel.name}/${variant.algorithm.name}${consts.join('')}`
}

/** Names of the buffers that a call binds, in binding order. */
export const boundBuffers = (kernel: Kernel, dims: Dims): readonly string[] =>
  Object.entries(kernel.buffers).filter(([, buffer]) => buffer.bound?.(dims) ?? true).map(([name]) => name)

/** f32 elements of workspace that the largest of these rows needs for a call. */
export const workspaceOf = (dims: Dims, variants: readonly Variant[]): number =>
  Math.max(0, ...variants.map(({ algorithm, consts }) => algorithm.finish?.workspace(dims, consts) ?? 0))

/** What each dispatch of a call binds: `binding` numbers and names. */
export function boundByDispatch(kernel: Kernel, dims: Dims, { algorithm: { finish } }: Variant): readonly (readonly (readonly [binding: number, name: string])[])[] {
  const all = [...boundBuffers(kernel, dims), ...(finish === undefined ? [] : [WORKSPACE])].map((name, binding) => [binding, name] as const)
  if (finish === undefined) return [all]
  const isLate = (name: string): boolean => kernel.buffers[name]?.access === 'write' || finish.reads?.includes(name) === true
  const last = all.filter(([, name]) => name === WORKSPACE || isLate(name))
  return [all.filter(([, name]) => !isLate(name)), finish.shared === undefined ? last : Object.keys(finish.shared.binds).map((name, binding) => [binding, name] as const)]
}

const sharedBy = ({ algorithm }: Variant, dispatch: number): Shared | undefined => (dispatch === 0 ? algorithm.shared : algorithm.finish?.shared)

/** The uniform that a dispatch binds after its buffers: what `u` holds where shapes come at run time; undefined where they are constants. */
export function runtimeNumbers(dims: Dims, variant: Variant, dispatch: number): Dims | undefined {
  const numbers = sharedBy(variant, dispatch)?.numbers(dims, variant.consts)
  return numbers === undefined ? undefined : { ...numbers, ...rowOf(dispatchSizes(variant.algorithm, dims, variant.consts)[dispatch]!) }
}

/** Invocations in one row of the grid, for kernels whose elements wrap into y. */
const rowOf = ({ workgroup, grid }: DispatchSize): Dims => ({ ROW_INVOCATIONS: workgroup[0] * grid[0] })

/** A shader with the files put in that its `#include` lines name. */
export function shaderFile(path: string): string {
  const text = files[`../../shaders/${path}`]
  if (text === undefined) throw new InvariantError(`shader: must be a file under shaders/, got "${path}". Create it or correct the declaration.`)
  return text.replace(/^#include (\S+)$/gm, (_, included: string) => shaderFile(included))
}

/** The files of each dispatch of an algorithm, includes first. */
export const filesByDispatch = ({ includes = [], shader, finish }: Algorithm): readonly (readonly string[])[] =>
  [[...includes, shader], ...(finish === undefined ? [] : [[...(finish.includes ?? []), finish.shader]])]

/** The complete WGSL modules of a call, one for each dispatch. */
export function shaderSources(kernel: Kernel, dims: Dims, variant: Variant, halfMode: HalfMode = 'f16'): readonly string[] {
  const { algorithm, consts } = variant
  if (algorithm.shared !== undefined && algorithm.finish !== undefined) throw new InvariantError(`${kernel.name}/${algorithm.name}: must share its only dispatch or its second, got both. Move \`shared\` into \`finish\`.`)
  const sizes = dispatchSizes(algorithm, dims, consts)
  return filesByDispatch(algorithm).map((paths, i) => shaderSource(kernel, dims, variant, { dispatch: i, files: paths, size: sizes[i]!, halfMode }))
}

interface Module {
  readonly dispatch: number
  readonly files: readonly string[]
  readonly size: DispatchSize
  readonly halfMode: HalfMode
}

function shaderSource(kernel: Kernel, dims: Dims, variant: Variant, module: Module): string {
  const { algorithm, consts } = variant
  const { dispatch, files: paths, size, halfMode } = module
  const { workgroup } = size
  const numbers = runtimeNumbers(dims, variant, dispatch)
  const nameOf = namesIn(variant, dispatch)
  const known: Record<string, number> = { subgroups: algorithm.features?.includes('subgroups') === true ? 1 : 0, ...consts, WG_X: workgroup[0], WG_Y: workgroup[1], WG_Z: workgroup[2] }
  for (const [key, value] of Object.entries({ ...dims, ...numbers })) known[`u.${key}`] = value
  const views = algorithm.views?.(dims, consts) ?? {}
  for (const name of [...Object.keys(kernel.buffers), WORKSPACE]) known[`${nameOf(name)}.width`] = widthOf(views[name])
  const halves = boundBuffers(kernel, dims).filter((name) => kernel.buffers[name]!.element === 'f16').map(nameOf)
  const parts = paths.map((path) => {
    const text = expand(shaderFile(path), (name) => known[name], path)
    learnConstants(text, known)
    return throughAccessors(text, halves, path)
  })
  const enables = [...(halves.length > 0 && halfMode === 'f16' ? ['f16'] : []), ...(algorithm.features ?? [])].map((feature) => `enable ${feature};`)
  const rounding = halves.length > 0 && halfMode === 'emulated' ? [ROUNDING] : []
  const generated = algorithm.generate === undefined ? [] : [throughAccessors(algorithm.generate(dims, consts), halves, algorithm.name)]
  const shapes = numbers === undefined ? shapeConstants({ ...dims, ...rowOf(size) }) : shapeUniform(numbers, boundByDispatch(kernel, dims, variant)[dispatch]!.length)
  const declarations = numbers === undefined ? bindings(kernel, dims, variant, halfMode) : sharedBindings(kernel, dims, variant, module)
  return [...enables, shapes, constants(consts, size), ...rounding, declarations, ...generated, ...parts].join('\n')
}

const namesIn = ({ algorithm }: Variant, dispatch: number) => (buffer: string): string => (dispatch === 0 ? undefined : algorithm.finish?.shared?.binds[buffer]) ?? buffer

/** Simple constants of an include (`const IN_W = u.OW;`) can be used in directives of the files after it. */
function learnConstants(text: string, known: Record<string, number>): void {
  for (const [, name, expression] of text.matchAll(/^const ([A-Z_]+) = ([\w.]+(?: [*/] [\w.]+)*);$/gm)) {
    const atoms = (expression as string).split(/ [*/] /)
    if (!atoms.every((atom) => /^\d+u?$/.test(atom) || known[atom] !== undefined)) continue
    known[name as string] = value((expression as string).replace(/(\d)u\b/g, '$1'), (atom) => known[atom], 'include')
  }
}

const dimsStruct = (dims: Dims): string => `struct Dims { ${Object.keys(dims).map((name) => `${name}: u32`).join(', ')} }`

const shapeConstants = (dims: Dims): string => `${dimsStruct(dims)}\nconst u = Dims(${Object.values(dims).map((value) => `${value}u`).join(', ')});`

const shapeUniform = (numbers: Dims, binding: number): string => `${dimsStruct(numbers)}\n@group(0) @binding(${binding}) var<uniform> u: Dims;`

function constants(consts: Consts, { workgroup }: DispatchSize): string {
  return [
    ...Object.entries(consts).map(([key, value]) => `const ${key} = ${value}u;`),
    `const WG_X = ${workgroup[0]}u; const WG_Y = ${workgroup[1]}u; const WG_Z = ${workgroup[2]}u;`,
  ].join('\n')
}

const widthOf = (view: string | undefined): number => view === 'vec4<f32>' ? 4 : view === 'vec2<f32>' ? 2 : 1

const workspaceBinding = (binding: number, type: string, length: number): string =>
  `alias ${WORKSPACE}_t = ${type};\n@group(0) @binding(${binding}) var<storage, read_write> ${WORKSPACE}: array<${type}, ${length / widthOf(type)}>;`

function bindings(kernel: Kernel, dims: Dims, { algorithm, consts }: Variant, halfMode: HalfMode): string {
  const views = algorithm.views?.(dims, consts) ?? {}
  const bound = boundBuffers(kernel, dims)
  const workspace = algorithm.finish === undefined ? [] : [workspaceBinding(bound.length, views[WORKSPACE] ?? 'f32', algorithm.finish.workspace(dims, consts))]
  return [...workspace, ...Object.entries(kernel.buffers).map(([name, buffer]) => {
    const type = typeOf(buffer, views[name])
    const length = buffer.length(dims) / widthOf(views[name])
    if (!Number.isInteger(length)) {
      throw new InvariantError(`${kernel.name}/${algorithm.name}: must view ${name} as ${type} only where its length divides by ${widthOf(views[name])}, got ${buffer.length(dims)}. Correct \`fits\` or \`views\`.`)
    }
    const binding = bound.indexOf(name)
    if (binding < 0) return `alias ${name}_t = ${type};\n${accessor(name, type, `${type}()`)}`
    return bindingOf({ name, buffer, type, binding, halfMode, length: `, ${length}` })
  })].join('\n')
}

/** Only what the dispatch binds, in arrays of any length: calls that share a shader may have other unused buffers. */
function sharedBindings(kernel: Kernel, dims: Dims, variant: Variant, { dispatch, halfMode }: Module): string {
  const { algorithm, consts } = variant
  const views = algorithm.views?.(dims, consts) ?? {}
  const nameOf = namesIn(variant, dispatch)
  return boundByDispatch(kernel, dims, variant)[dispatch]!.map(([binding, own]) => {
    const buffer = kernel.buffers[own] ?? WORKSPACE_READ
    return bindingOf({ name: nameOf(own), buffer, type: typeOf(buffer, views[own]), binding, halfMode, length: '' })
  }).join('\n')
}

const WORKSPACE_READ: BufferDeclaration = { access: 'read', element: 'f32', length: () => 0 }

const typeOf = ({ element }: BufferDeclaration, view: string | undefined): string => view ?? (element === 'f16' ? 'f32' : element)

const accessor = (name: string, type: string, body: string): string => `fn ${name}_at(i: u32) -> ${type} { return ${body}; }`

interface DeclaredBinding {
  readonly name: string
  readonly buffer: BufferDeclaration
  readonly type: string
  readonly binding: number
  readonly halfMode: HalfMode
  /** Of the array, after a comma, or nothing. */
  readonly length: string
}

function bindingOf({ name, buffer, type, binding, halfMode, length }: DeclaredBinding): string {
  const half = buffer.element === 'f16'
  const mode = buffer.access === 'read' ? 'read' : 'read_write'
  const declaration = `alias ${name}_t = ${type};\n@group(0) @binding(${binding}) var<storage, ${mode}> ${name}: array<${half ? storedAs(type, halfMode) : type}${length}>;`
  const halfAccess = half ? [(mode === 'read' ? halfReader : halfAccessors)(name, type, halfMode)] : []
  return [declaration, ...halfAccess, ...(buffer.bound === undefined ? [] : [accessor(name, type, half ? `${name}_read(i)` : `${name}[i]`)])].join('\n')
}
