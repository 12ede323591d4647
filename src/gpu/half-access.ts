// Buffers that hold f16, in shaders that were written for f32: each `x[i]` becomes a call that converts what it reads, each
// `y[i] = v` one that converts what it writes. Arithmetic, workgroup memory and registers stay f32, so one shader serves both.
import { InvariantError } from '../base/errors.ts'
import { fromHalves, toHalves } from '../base/half.ts'
import { roundUp } from '../base/math.ts'
import { bytesOfElement, type StorageType } from '../kernels/kernel.ts'

/** Holds f16 in f32 buffers, rounded as f16 would be: for tests on adapters without shader-f16. */
export type HalfMode = 'f16' | 'emulated'

/** Bytes of so many elements in a buffer, in whole words. */
export const storedBytes = (length: number, element: StorageType, mode: HalfMode): number =>
  roundUp(length * (element === 'f16' && mode === 'emulated' ? 4 : bytesOfElement(element)), 4)

/** Numbers as a buffer holds them; f16 ones must have been rounded. */
export const stored = (array: Float32Array | Uint32Array, element: StorageType, mode: HalfMode): Float32Array | Uint32Array | Uint16Array =>
  (element === 'f16' && mode === 'f16' ? toHalves(array) : array)

/** What was read back from a buffer, as the elements that it holds. */
export function loaded(words: Float32Array, length: number, element: StorageType, mode: HalfMode): Float32Array | Uint32Array {
  if (element === 'u32') return new Uint32Array(words.buffer, words.byteOffset, length)
  return element === 'f16' && mode === 'f16' ? fromHalves(new Uint16Array(words.buffer, words.byteOffset, length)) : words
}

/** What the header declares besides the binding of a buffer seen as `type` (f32, vec2<f32> or vec4<f32>). */
export function halfAccessors(name: string, type: string, mode: HalfMode): string {
  const [read, write] = mode === 'f16' ? [`${type}(${name}[i])`, `${storedAs(type, mode)}(value)`] : [`${name}[i]`, `rounded_${widthOf(type)}(value)`]
  return `fn ${name}_read(i: u32) -> ${type} { return ${read}; }\n`
    + `fn ${name}_write(i: u32, value: ${type}) { ${name}[i] = ${write}; }`
}

/** The same for a buffer that is only read: to write it would not compile. */
export const halfReader = (name: string, type: string, mode: HalfMode): string => halfAccessors(name, type, mode).split('\n')[0]!

/** Element type of the binding. */
export const storedAs = (type: string, mode: HalfMode): string => (mode === 'f16' ? type.replace('f32', 'f16') : type)

const widthOf = (type: string): number => (type === 'f32' ? 1 : Number(type[3]))

/** Ties to even, subnormal numbers kept, infinite from 65,520 on. */
export const ROUNDING = `
fn rounded_1(value: f32) -> f32 {
  let bits = bitcast<u32>(value);
  let size = bits & 0x7fffffffu;
  // Below 2^-14 the last digit stays 2^-24, which is also the last digit of an f32 between a half and one.
  let small = f32(bitcast<u32>(abs(value) + 0.5) - 0x3f000000u) * 0x1p-24;
  let usual = (size + 0xfffu + ((size >> 13u) & 1u)) & 0xffffe000u;
  let large = select(usual, select(0x7f800000u, 0x7fc00000u, size > 0x7f800000u), size >= 0x477ff000u);
  return bitcast<f32>(select(large, bitcast<u32>(small), size < 0x38800000u) | (bits & 0x80000000u));
}
fn rounded_2(value: vec2<f32>) -> vec2<f32> { return vec2<f32>(rounded_1(value.x), rounded_1(value.y)); }
fn rounded_4(value: vec4<f32>) -> vec4<f32> { return vec4<f32>(rounded_1(value.x), rounded_1(value.y), rounded_1(value.z), rounded_1(value.w)); }`

/** The shader with every access to the buffers put through their accessors. Throws InvariantError where one is used in another way. */
export function throughAccessors(text: string, names: readonly string[], file: string): string {
  if (names.length === 0) return text
  return text.split('\n').map((line) => convertLine(line, new RegExp(`(?<![\\w.$])(${names.join('|')})\\[`), file)).join('\n')
}

const ASSIGNMENT = /^\s*([-+*/]?)=(?!=)\s*/

function convertLine(line: string, access: RegExp, file: string): string {
  const [code, comment] = splitComment(line)
  let out = '', rest = code
  for (let found = access.exec(rest); found !== null; found = access.exec(rest)) {
    const name = found[1]!, start = found.index + found[0].length
    const end = closing(rest, start, file)
    const index = convertLine(rest.slice(start, end), access, file)
    const after = rest.slice(end + 1)
    const assignment = ASSIGNMENT.exec(after)
    out += rest.slice(0, found.index)
    if (assignment === null) {
      out += `${name}_read(${index})`
      rest = after
      continue
    }
    const semicolon = after.indexOf(';')
    if (semicolon < 0) throw new InvariantError(`${file}: must assign to ${name} in one line, got "${line.trim()}". Put it on one.`)
    const value = convertLine(after.slice(assignment[0].length, semicolon), access, file)
    out += `${name}_write(${index}, ${assignment[1] === '' ? value : `${name}_read(${index}) ${assignment[1]} (${value})`})`
    rest = after.slice(semicolon)
  }
  return out + rest + comment
}

function splitComment(line: string): readonly [string, string] {
  const at = line.indexOf('//')
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at)]
}

/** Where the bracket closes whose inside begins at `start`. */
function closing(text: string, start: number, file: string): number {
  let depth = 1
  for (let at = start; at < text.length; at++) {
    if (text[at] === '[') depth++
    else if (text[at] === ']' && --depth === 0) return at
  }
  throw new InvariantError(`${file}: must close each index on its line, got "${text.trim()}". Put it on one line.`)
}
