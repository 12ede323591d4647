// Vite plugin: kernels in AssemblyScript as modules that export WebAssembly as base64: `plain`, and `relaxed` with the fused multiply-add
// of relaxed SIMD. So pages, Node programs and tests get their kernels in one way, and nothing generated is kept.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

/** Folders by the names of the modules that they become: the kernels of the WASM runner, and those of the server's sums. */
const FOLDERS: ReadonlyMap<string, string> = new Map([
  ['virtual:assembly', join(import.meta.dirname, '../src/wasm/assembly')],
  ['virtual:numeric-assembly', join(import.meta.dirname, 'numeric/assembly')],
])

/** Memory is imported and shared; src/wasm/module.ts turns that off where threads are not allowed. */
const OPTIONS = [
  'index.ts', '-O3', '--runtime', 'stub', '--noAssert', '--importMemory', '--sharedMemory', '--maximumMemory', '65536', '--outFile', 'index.wasm',
  // "Exchange of v128 values": those exports are between files, not to JavaScript.
  '--disableWarning', '112',
]

const UNTIMED = { checks: { pluginTimings: false } }

/** Pages, their workers and the Node programs share one compilation of a folder. */
const made = new Map<string, Promise<string>>()

export function assembly(): Plugin {
  return {
    name: 'assembly',
    // Compiling takes a second or two, and that is as it should be.
    config: () => ({ build: { rolldownOptions: UNTIMED }, worker: { rolldownOptions: UNTIMED } }),
    resolveId: (id) => (FOLDERS.has(id) ? `\0${id}` : null),
    load(id) {
      const folder = FOLDERS.get(id.slice(1))
      if (!id.startsWith('\0') || folder === undefined) return null
      for (const file of readdirSync(folder)) this.addWatchFile(join(folder, file))
      const known = made.get(folder) ?? moduleText(folder)
      made.set(folder, known)
      return known
    },
    watchChange(file) {
      for (const folder of FOLDERS.values()) if (file.startsWith(folder)) made.delete(folder)
    },
  }
}

async function moduleText(folder: string): Promise<string> {
  const plain = await compile(folder, 'simd,threads')
  const relaxed = await compile(folder, 'simd,threads,relaxed-simd')
  return `export const plain = '${plain}'\nexport const relaxed = '${relaxed}'\n`
}

async function compile(folder: string, features: string): Promise<string> {
  const { main } = await import('assemblyscript/asc')
  let wasm: Uint8Array | undefined
  const { error, stderr } = await main([...OPTIONS, '--enable', features], {
    readFile: (name) => sourceFile(folder, name),
    writeFile(name, contents) { if (name.endsWith('.wasm')) wasm = contents as Uint8Array },
    listFiles: () => [],
  })
  if (error !== null || wasm === undefined) throw new Error(`assembly: must compile, got\n${stderr.toString()}`)
  return Buffer.from(wasm).toString('base64')
}

/** Null where there is none: the compiler then looks in its own library. */
function sourceFile(folder: string, name: string): string | null {
  try {
    return readFileSync(join(folder, name), 'utf8')
  } catch {
    return null
  }
}
