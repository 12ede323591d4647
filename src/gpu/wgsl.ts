// Turns a kernel's declaration and one variant of one algorithm into a whole WGSL module: constants, bindings, then the
// shader's own functions. Shapes are constants and arrays have fixed sizes, so that compilers can fold index arithmetic
// and bounds checks; where calls share a pipeline, shapes are a uniform.
import { InvariantError } from '../base/errors.ts'
import { boundBuffers, dispatchesOf, RESULTS, WORKSPACE, type Algorithm, type BufferDeclaration, type Consts, type Dims, type DispatchDeclaration, type Kernel, type Views, type Workspace, type WorkspacePart, type WrittenPart } from '../kernels/kernel.ts'
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

/** Elements, of f32. */
export type WorkspaceSizes = Readonly<Record<Workspace, number>>

function workspacesOf({ algorithm, consts }: Variant, dims: Dims): WorkspaceSizes {
  return 'workspace' in algorithm ? { [WORKSPACE]: algorithm.workspace(dims, consts), [RESULTS]: algorithm.results?.(dims, consts) ?? 0 } : { [WORKSPACE]: 0, [RESULTS]: 0 }
}

/** What all of these can share. */
export function largestOf(sizes: readonly WorkspaceSizes[]): WorkspaceSizes {
  const largest = (of: Workspace): number => Math.max(0, ...sizes.map((each) => each[of]))
  return { [WORKSPACE]: largest(WORKSPACE), [RESULTS]: largest(RESULTS) }
}

/** What the largest of these rows needs for a call. */
export const workspaceOf = (dims: Dims, variants: readonly Variant[]): WorkspaceSizes => largestOf(variants.map((variant) => workspacesOf(variant, dims)))

/** A dispatch of a row with what it binds. */
export interface BoundDispatch extends DispatchDeclaration {
  readonly bindings: readonly Binding[]
  /** The uniform that it binds after its buffers: what `u` holds where shapes come at run time. */
  readonly uniform?: Dims
}

interface Binding {
  readonly binding: number
  /** Of the call's buffer, or a workspace. */
  readonly name: string
  /** Absent: all of it. */
  readonly part?: WorkspacePart | WrittenPart
  /** The shader's name of it. */
  readonly as: string
}

/** The dispatches of a call. Where shapes are constants each declares all buffers under the same numbers; else only what it binds. */
export function boundDispatches(kernel: Kernel, dims: Dims, { algorithm, consts }: Variant): readonly BoundDispatch[] {
  const all = [...boundBuffers(kernel, dims), ...('workspace' in algorithm ? [WORKSPACE, RESULTS] : [])]
  return dispatchesOf(kernel, algorithm, dims, consts).map((dispatch) => {
    const binds = Object.entries(dispatch.binds).map(([as, bound]) => (typeof bound === 'string' ? { as, name: bound } : { as, name: bound.of, part: bound })).filter(({ name }) => all.includes(name))
    checkBinds(`${kernel.name}/${algorithm.name}`, dispatch)
    const bindings = binds.map((bind, i) => ({ ...bind, binding: dispatch.numbers === undefined ? all.indexOf(bind.name) : i }))
    return { ...dispatch, bindings, ...(dispatch.numbers === undefined ? {} : { uniform: { ...dispatch.numbers, ...rowOf(dispatch) } }) }
  })
}

/** What is misspelt does not compile; what is not bound as declared would be bound wrongly without a word. */
function checkBinds(label: string, { shader, binds, numbers }: DispatchDeclaration): void {
  const wrong = numbers === undefined ? Object.entries(binds).find(([as, bound]) => as !== bound || bound === RESULTS) : undefined
  if (wrong !== undefined) throw new InvariantError(`${label}: must bind whole buffers by their own names where shapes are constants, got ${wrong[0]} for ${shader}. Give it \`numbers\`.`)
}

/** Invocations in one row of the grid, for kernels whose elements wrap into y. */
const rowOf = ({ workgroup, grid }: DispatchDeclaration): Dims => ({ ROW_INVOCATIONS: workgroup[0] * grid[0] })

/** A shader with the files put in that its `#include` lines name. */
export function shaderFile(path: string): string {
  const text = files[`../../shaders/${path}`]
  if (text === undefined) throw new InvariantError(`shader: must be a file under shaders/, got "${path}". Create it or correct the declaration.`)
  return text.replace(/^#include (\S+)$/gm, (_, included: string) => shaderFile(included))
}

/** The files of each dispatch, includes first. */
export const filesOf = ({ includes = [], shader }: Pick<DispatchDeclaration, 'includes' | 'shader'>): readonly string[] => [...includes, shader]

/** The complete WGSL modules of a call, one for each dispatch. */
export function shaderSources(kernel: Kernel, dims: Dims, variant: Variant, halfMode: HalfMode = 'f16'): readonly string[] {
  return boundDispatches(kernel, dims, variant).map((dispatch) => shaderSource({ kernel, dims, variant, dispatch, halfMode }))
}

interface Module {
  readonly kernel: Kernel
  readonly dims: Dims
  readonly variant: Variant
  readonly dispatch: BoundDispatch
  readonly halfMode: HalfMode
}

function shaderSource(module: Module): string {
  const { kernel, dims, variant: { algorithm, consts }, dispatch, halfMode } = module
  const { bindings, uniform, workgroup } = dispatch
  const known: Record<string, number> = { subgroups: algorithm.features?.includes('subgroups') === true ? 1 : 0, ...consts, WG_X: workgroup[0], WG_Y: workgroup[1], WG_Z: workgroup[2] }
  for (const [key, value] of Object.entries({ ...dims, ...uniform })) known[`u.${key}`] = value
  const views = viewsOf(module)
  for (const name of [...Object.keys(kernel.buffers), WORKSPACE]) known[`${name}.width`] = widthOf(views[name])
  for (const { as, name } of bindings) known[`${as}.width`] = widthOf(views[name])
  const isHalf = (name: string): boolean => kernel.buffers[name]?.element === 'f16'
  const halves = uniform === undefined ? boundBuffers(kernel, dims).filter(isHalf) : bindings.filter(({ name }) => isHalf(name)).map(({ as }) => as)
  const parts = filesOf(dispatch).map((path) => {
    const text = expand(shaderFile(path), (name) => known[name], path)
    learnConstants(text, known)
    return throughAccessors(text, halves, path)
  })
  const enables = [...(halves.length > 0 && halfMode === 'f16' ? ['f16'] : []), ...(algorithm.features ?? [])].map((feature) => `enable ${feature};`)
  const rounding = halves.length > 0 && halfMode === 'emulated' ? [ROUNDING] : []
  const generated = dispatch.generate === undefined ? [] : [throughAccessors(dispatch.generate(), halves, algorithm.name)]
  const shapes = uniform === undefined ? shapeConstants({ ...dims, ...rowOf(dispatch) }) : shapeUniform(uniform, bindings.length)
  const declarations = uniform === undefined ? allBindings(module) : sharedBindings(module)
  const text = [...generated, ...parts].join('\n')
  // Where dispatches of several rows may share a pipeline, only the constants that it mentions.
  const mentioned = uniform === undefined ? consts : Object.fromEntries(Object.entries(consts).filter(([name]) => new RegExp(`(?<![.\\w])${name}\\b`).test(text)))
  return [...enables, shapes, constants(mentioned, dispatch), ...rounding, declarations, text].join('\n')
}

/** Simple constants of an include (`const IN_W = u.OW;`) can be used in directives of the files after it. */
function learnConstants(text: string, known: Record<string, number>): void {
  for (const [, name, expression] of text.matchAll(/^const ([A-Z_]+) = ([\w.]+(?: [*/] [\w.]+)*);$/gm)) {
    const atoms = (expression as string).split(/ [*/] /)
    if (!atoms.every((atom) => /^\d+u?$/.test(atom) || known[atom] !== undefined)) continue
    known[name as string] = value((expression as string).replace(/(\d)u\b/g, '$1'), (atom) => known[atom], 'include')
  }
}

const viewsOf = ({ dims, variant: { algorithm, consts }, dispatch }: Module): Views => ({ ...algorithm.views?.(dims, consts), ...dispatch.views })

const dimsStruct = (dims: Dims): string => `struct Dims { ${Object.keys(dims).map((name) => `${name}: u32`).join(', ')} }`

const shapeConstants = (dims: Dims): string => `${dimsStruct(dims)}\nconst u = Dims(${Object.values(dims).map((value) => `${value}u`).join(', ')});`

const shapeUniform = (numbers: Dims, binding: number): string => `${dimsStruct(numbers)}\n@group(0) @binding(${binding}) var<uniform> u: Dims;`

function constants(consts: Consts, { workgroup }: DispatchDeclaration): string {
  return [
    ...Object.entries(consts).map(([key, value]) => `const ${key} = ${value}u;`),
    `const WG_X = ${workgroup[0]}u; const WG_Y = ${workgroup[1]}u; const WG_Z = ${workgroup[2]}u;`,
  ].join('\n')
}

const widthOf = (view: string | undefined): number => view === 'vec4<f32>' ? 4 : view === 'vec2<f32>' ? 2 : 1

const workspaceBinding = (binding: number, type: string, length: number): string =>
  `alias ${WORKSPACE}_t = ${type};\n@group(0) @binding(${binding}) var<storage, read_write> ${WORKSPACE}: array<${type}, ${length / widthOf(type)}>;`

/** All buffers of the kernel and the workspace, in arrays of their lengths. */
function allBindings(module: Module): string {
  const { kernel, dims, variant, halfMode } = module
  const { algorithm } = variant
  const views = viewsOf(module)
  const bound = boundBuffers(kernel, dims)
  const workspace = 'workspace' in algorithm ? [workspaceBinding(bound.length, views[WORKSPACE] ?? 'f32', workspacesOf(variant, dims)[WORKSPACE])] : []
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
function sharedBindings(module: Module): string {
  const { kernel, dispatch, halfMode } = module
  const views = viewsOf(module)
  return dispatch.bindings.map(({ binding, name, as, part }) => {
    const written = part === undefined ? as === WORKSPACE : 'written' in part
    const buffer = kernel.buffers[name] ?? { access: written ? 'update' : 'read', element: 'f32', length: () => 0 }
    return bindingOf({ name: as, buffer, type: typeOf(buffer, views[name]), binding, halfMode, length: '' })
  }).join('\n')
}

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
