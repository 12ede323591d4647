// Vite plugin: `virtual:assembly` is src/wasm/assembly/ compiled to WebAssembly, as base64: `plain`, and `relaxed` with the fused multiply-add
// of relaxed SIMD. So pages, Node programs and tests get their kernels in one way, and nothing generated is kept.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

const NAME = 'virtual:assembly'
const FOLDER = join(import.meta.dirname, '../src/wasm/assembly')

/** Memory is imported and shared; src/wasm/module.ts turns that off where threads are not allowed. */
const OPTIONS = [
  'index.ts', '-O3', '--runtime', 'stub', '--noAssert', '--importMemory', '--sharedMemory', '--maximumMemory', '65536', '--outFile', 'index.wasm',
  // "Exchange of v128 values": those exports are between files, not to JavaScript.
  '--disableWarning', '112',
]

const UNTIMED = { checks: { pluginTimings: false } }

/** Pages, their workers and the Node programs share one compilation. */
let made: Promise<string> | undefined

export function assembly(): Plugin {
  return {
    name: 'assembly',
    // Compiling takes a second or two, and that is as it should be.
    config: () => ({ build: { rolldownOptions: UNTIMED }, worker: { rolldownOptions: UNTIMED } }),
    resolveId: (id) => (id === NAME ? `\0${NAME}` : null),
    load(id) {
      if (id !== `\0${NAME}`) return null
      for (const file of readdirSync(FOLDER)) this.addWatchFile(join(FOLDER, file))
      return (made ??= moduleText())
    },
    watchChange(file) {
      if (file.startsWith(FOLDER)) made = undefined
    },
  }
}

async function moduleText(): Promise<string> {
  const plain = await compile('simd,threads')
  const relaxed = await compile('simd,threads,relaxed-simd')
  return `export const plain = '${plain}'\nexport const relaxed = '${relaxed}'\n`
}

async function compile(features: string): Promise<string> {
  const { main } = await import('assemblyscript/asc')
  let wasm: Uint8Array | undefined
  const { error, stderr } = await main([...OPTIONS, '--enable', features], {
    readFile: (name) => sourceFile(name),
    writeFile(name, contents) { if (name.endsWith('.wasm')) wasm = contents as Uint8Array },
    listFiles: () => [],
  })
  if (error !== null || wasm === undefined) throw new Error(`assembly: must compile, got\n${stderr.toString()}`)
  return Buffer.from(wasm).toString('base64')
}

/** Null where there is none: the compiler then looks in its own library. */
function sourceFile(name: string): string | null {
  try {
    return readFileSync(join(FOLDER, name), 'utf8')
  } catch {
    return null
  }
}
