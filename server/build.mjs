// Builds the pages and the Node programs where a source changed since the last build, told by a stamp of their contents:
// a second `npm start` begins at once. Also the whole of `npm run build`.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const SOURCES = ['e2e/bench', 'e2e/soak', 'e2e/harness.ts', 'src', 'shaders', 'server', 'public', 'vite.config.ts', 'package-lock.json']
const STAMP = join(root, 'dist/stamp')

/** @param {{ force?: boolean }} [options] */
export async function buildWhatChanged({ force = false } = {}) {
  const stamp = stampOf(SOURCES)
  if (!force && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp) return
  rmSync(STAMP, { force: true })
  console.log('Building …')
  const { build } = await import('vite')
  const configFile = join(root, 'vite.config.ts')
  for (const mode of ['node', 'engine', 'production']) await build({ configFile, mode, logLevel: 'warn' })
  mkdirSync(dirname(STAMP), { recursive: true })
  writeFileSync(STAMP, stamp)
}

/** @param {string[]} paths */
function stampOf(paths) {
  const hash = createHash('sha256')
  for (const path of paths) addTo(hash, path)
  return hash.digest('hex')
}

/**
 * @param {import('node:crypto').Hash} hash
 * @param {string} path
 */
function addTo(hash, path) {
  const full = join(root, path)
  if (!existsSync(full)) return
  if (statSync(full).isDirectory()) for (const name of readdirSync(full).sort()) addTo(hash, `${path}/${name}`)
  else if (!path.endsWith('.test.ts')) hash.update(`${path}\0`).update(readFileSync(full)).update('\0')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildWhatChanged({ force: process.argv.includes('--force') })
