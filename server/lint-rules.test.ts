// The linter's configuration against the table of folders: every import that the table forbids is reported, every one
// that it allows passes, and the pure folders cannot reach a clock, chance, timers, files or sockets.
import { spawnSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** What each folder touches, as in the table; what those touch follows. */
const TOUCHES: Readonly<Record<string, readonly string[]>> = {
  base: [],
  kernels: ['base'],
  graph: ['kernels'],
  gpu: ['graph'],
  wasm: ['graph'],
  cpu: ['graph'],
  model: ['graph'],
  onnx: ['model'],
  optim: ['graph'],
  train: ['model', 'optim'],
  data: ['base'],
  codec: ['base'],
  fed: ['train', 'codec'],
  // `data` for the type of the manifest that a welcome carries.
  wire: ['fed', 'data'],
  volunteer: ['wire', 'data'],
}
const FOLDERS = [...Object.keys(TOUCHES), 'pages']
const RUNNERS = ['gpu', 'wasm', 'cpu']

const closure = (folders: readonly string[]): Set<string> => new Set(folders.flatMap((folder) => [folder, ...closure(TOUCHES[folder] ?? [])]))

/** A file of each kind of place, and the folders of src/ that it may import. */
const PLACES: readonly (readonly [string, Set<string>])[] = [
  ...Object.entries(TOUCHES).map(([folder, touches]) => [`src/${folder}/probe.ts`, closure([folder, ...touches])] as const),
  ['src/model/layers/probe.ts', closure(['model'])],
  ['src/volunteer/host-probe.ts', closure(['volunteer', ...RUNNERS])],
  ['src/pages/probe.ts', closure(['pages', 'volunteer', 'onnx', ...RUNNERS])],
  ['src/engine.ts', closure(['train', 'codec', 'onnx', ...RUNNERS])],
  ['server/probe.ts', closure(['wire', 'cpu', 'wasm', 'data', 'onnx'])],
  ['server/store/probe.ts', closure(['wire', 'cpu', 'wasm', 'data', 'onnx'])],
  ['server/simulate/probe.ts', closure(['volunteer', 'cpu', 'wasm', 'onnx'])],
  ['server/cli/probe.ts', closure(['volunteer', 'cpu', 'wasm', 'onnx'])],
  ['server/cli/tune.ts', closure(['volunteer', 'gpu', 'cpu', 'wasm', 'onnx'])],
  ['server/coordinator/host.ts', closure(['wire', 'cpu', 'wasm', 'data', 'onnx'])],
]

const ROOT = resolve(import.meta.dirname, '..')
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lint-rules-'))
  await copyFile(join(ROOT, '.oxlintrc.json'), join(folder, '.oxlintrc.json'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Report {
  readonly path: string
  readonly rule: string
  readonly line: number
}

async function report(files: Readonly<Record<string, string>>): Promise<readonly Report[]> {
  await Promise.all(['src', 'server'].map((name) => rm(join(folder, name), { recursive: true, force: true })))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder, dirname(path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  const { stdout } = spawnSync(process.execPath, [join(ROOT, 'node_modules/oxlint/bin/oxlint'), '--format', 'json'], { cwd: folder, encoding: 'utf8' })
  const { diagnostics } = JSON.parse(stdout) as { readonly diagnostics: readonly { readonly filename: string; readonly code: string; readonly labels: readonly { readonly span: { readonly line: number } }[] }[] }
  return diagnostics.map(({ filename, code, labels }) => ({ path: filename, rule: code, line: labels[0]?.span.line ?? 0 }))
}

/** `path: rule` of each report, once. */
const lint = async (files: Readonly<Record<string, string>>): Promise<Set<string>> => new Set((await report(files)).map(({ path, rule }) => `${path}: ${rule}`))

/** Imports every folder, one a line, in the order of FOLDERS. */
function importAll(path: string): string {
  const up = '../'.repeat(path.split('/').length - 1)
  const source = path === 'src/engine.ts' ? './' : path.startsWith('src/') ? up.slice('../'.length) : `${up}src/`
  return FOLDERS.map((name) => `export { ${name} } from '${source}${name}/thing.ts'\n`).join('')
}

describe('imports', () => {
  it('follow the table, from every kind of place to every folder', async () => {
    const reports = await report(Object.fromEntries(PLACES.map(([path]) => [path, importAll(path)])))
    const refused = (path: string): string[] => reports.filter((entry) => entry.path === path && entry.rule === 'eslint(no-restricted-imports)').map(({ line }) => FOLDERS[line - 1] as string)
    for (const [path, allowed] of PLACES) {
      expect([path, ...new Set(refused(path))]).toEqual([path, ...FOLDERS.filter((name) => !allowed.has(name))])
    }
    expect(reports.every(({ rule }) => rule === 'eslint(no-restricted-imports)')).toBe(true)
  })

  it('of types count as much as those of values, and those through import()', async () => {
    const found = await lint({
      'src/kernels/a.ts': "import type { Thing } from '../model/thing.ts'\nexport type Other = Thing\n",
      'src/kernels/b.ts': "export { thing } from '../model/thing.ts'\n",
      'src/kernels/c.ts': "export const thing = import('../model/thing.ts')\n",
      'src/kernels/d.ts': "export { thing } from '../../server/thing.ts'\n",
      'src/kernels/e.ts': "export { thing } from '../engine.ts'\n",
      'src/kernels/a.test.ts': "export { thing } from '../model/thing.ts'\n",
    })
    expect([...found].sort()).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => `src/kernels/${name}.ts: eslint(no-restricted-imports)`))
  })

  it('are held to the table in every folder there is', async () => {
    const entries = await readdir(join(ROOT, 'src'), { withFileTypes: true })
    expect(entries.filter((entry) => entry.isDirectory()).map(({ name }) => name).filter((name) => !FOLDERS.includes(name))).toEqual([])
  })
})

describe.each(['server/coordinator', 'src/fed'])('%s', (pure) => {
  const forbidden: readonly (readonly [string, string])[] = [
    ['Date.now()', 'no-restricted-globals'],
    ['new Date()', 'no-restricted-globals'],
    ['Math.random()', 'no-restricted-properties'],
    ['performance.now()', 'no-restricted-globals'],
    ['globalThis.setTimeout(() => 1, 1)', 'no-restricted-properties'],
    ['setTimeout(() => 1, 1)', 'no-restricted-globals'],
    ['setInterval(() => 1, 1)', 'no-restricted-globals'],
    ['crypto.randomUUID()', 'no-restricted-globals'],
    ['process.env', 'no-restricted-globals'],
    ['new WebSocket("ws://x")', 'no-restricted-globals'],
    ["import('node:fs')", 'no-restricted-imports'],
    ["import('fs/promises')", 'no-restricted-imports'],
    ["import('node:net')", 'no-restricted-imports'],
    ["import('socket.io')", 'no-restricted-imports'],
  ]

  it('has no clock, chance, timers, files or sockets', async () => {
    const found = await lint(Object.fromEntries(forbidden.map(([code], i) => [`${pure}/a${i}.ts`, `export const thing = ${code}\n`])))
    expect([...found].sort()).toEqual(forbidden.map(([, rule], i) => `${pure}/a${i}.ts: eslint(${rule})`).sort())
  })

  it('may use what is passed in', async () => {
    expect([...(await lint({ [`${pure}/a.ts`]: 'export const thing = (now: number, rng: { uniform(): number }) => now + rng.uniform() + Math.floor(1.5)\n' }))]).toEqual([])
  })
})

it('the state machine knows no shell, but its host does', async () => {
  const shells = "export { a } from '../store/store.ts'\nexport { b } from '../http.ts'\nexport const c = Date.now()\n"
  expect([...(await lint({ 'server/coordinator/step.ts': shells, 'server/coordinator/host.ts': shells }))].sort()).toEqual([
    'server/coordinator/step.ts: eslint(no-restricted-globals)',
    'server/coordinator/step.ts: eslint(no-restricted-imports)',
  ])
})
