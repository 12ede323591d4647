// The compiled kernels: the build with fused multiply-add where the engine takes it, with shared memory where threads are allowed.
import { invariant } from '../base/errors.ts'
import { plain, relaxed } from 'virtual:assembly'

/** A step of a kernel: its arguments, its share of the work, and memory of its own. See assembly/simd.ts. */
export type KernelFunction = (args: number, part: number, parts: number, own: number) => void

export type KernelFunctions = Readonly<Record<string, KernelFunction>>

/** This browser is too old even for WebAssembly with SIMD. */
export class NoSimdError extends Error {
  override readonly name = 'NoSimdError'
  constructor() {
    super('WebAssembly: must offer SIMD, got an engine without. Use a browser of 2023 or later.')
  }
}

const compiled = new Map<boolean, Promise<WebAssembly.Module>>()

/** Throws NoSimdError where the engine has no WebAssembly with SIMD. */
export function kernelModule(shared: boolean): Promise<WebAssembly.Module> {
  const known = compiled.get(shared)
  if (known !== undefined) return known
  const module = compileKernels(shared)
  compiled.set(shared, module)
  return module
}

const compileKernels = (shared: boolean): Promise<WebAssembly.Module> =>
  compileFirst([relaxed, plain].map((text) => decode(text)).map((bytes) => (shared ? bytes : unshared(bytes))))

/** The first of these builds that this engine takes. Throws NoSimdError where it takes none. */
export async function compileFirst(builds: readonly Uint8Array<ArrayBuffer>[]): Promise<WebAssembly.Module> {
  allowRelaxedSimd()
  const taken = builds.find((bytes) => WebAssembly.validate(bytes))
  if (taken === undefined) throw new NoSimdError()
  return WebAssembly.compile(taken)
}

/** Node 20 has relaxed SIMD behind a flag of its engine, which may be set before the first use. Later versions need none. */
function allowRelaxedSimd(): void {
  const node = (globalThis as { process?: { versions?: { node?: string }; getBuiltinModule?: (name: string) => unknown } }).process
  if (node?.versions?.node === undefined || !/^(18|20)\./.test(node.versions.node)) return
  const v8 = node.getBuiltinModule?.('node:v8') as { setFlagsFromString(flag: string): void } | undefined
  v8?.setFlagsFromString('--experimental-wasm-relaxed-simd')
}

/** What server/assembly-plugin.ts made of bytes. */
export const decode = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (c) => c.charCodeAt(0))

/** The import of env.memory, up to the byte that says "shared, with a maximum". */
const MEMORY_IMPORT = [3, ...ascii('env'), 6, ...ascii('memory'), 2]

/** The same module importing memory that is not shared: some engines offer shared memory only to isolated pages. */
function unshared(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const found = bytes.findIndex((_, i) => MEMORY_IMPORT.every((byte, j) => bytes[i + j] === byte))
  invariant(found >= 0, 'WASM module: must import env.memory, got none. Compile it with --importMemory.')
  const copy = bytes.slice()
  copy[found + MEMORY_IMPORT.length] = 1
  return copy
}

function ascii(text: string): readonly number[] {
  return [...text].map((c) => c.charCodeAt(0))
}
