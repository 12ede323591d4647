// Builds: `vite build` makes the two pages (dist/pages); `vite build --mode node` makes the Node programs (dist/node) as
// SSR bundles, whose dependencies stay in node_modules; `vite build --mode engine` makes what `commonweight/engine` is to
// bundlers of pages and to Node (dist/engine), with all it needs inside. Tests: vitest projects (unit*, gpu, e2e), run one by one by server/test.mjs.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { assembly } from './server/assembly-plugin.ts'

const root = import.meta.dirname
const at = (path: string): string => join(root, path)

/** Node programs, by the name of their file in dist/node. */
const PROGRAMS = {
  'commonweight': 'server/cli/main.ts',
  'numeric-worker': 'server/numeric/worker.ts',
  'volunteer': 'src/volunteer/host-node.ts',
  'bench': 'e2e/bench/main.ts',
  'simulate-faults': 'server/faults/main.ts',
  'soak': 'e2e/soak/main.ts',
}

const PAGES = { index: 'src/pages/index.html', dashboard: 'src/pages/dashboard.html' }

const present = (entries: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, at(path)] as const).filter(([, path]) => existsSync(path)))

const pages = {
  root: at('src/pages'),
  publicDir: at('public'),
  build: { outDir: at('dist/pages'), emptyOutDir: true, target: 'es2022', rolldownOptions: { input: present(PAGES) } },
  plugins: [assembly()],
  worker: { format: 'es' as const, plugins: () => [assembly()] },
  // For `npm run dev`: pages with hot reload in front of a coordinator started with `npm start`.
  server: {
    fs: { allow: [root] },
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
    proxy: Object.fromEntries(['/runs', '/health', '/socket.io'].map((path) => [path, { target: 'http://localhost:8787', ws: path === '/socket.io' }])),
  },
}

const programs = {
  root,
  publicDir: false as const,
  plugins: [assembly()],
  build: {
    ssr: true,
    outDir: at('dist/node'),
    emptyOutDir: true,
    target: 'node20',
    sourcemap: true,
    rolldownOptions: { input: present(PROGRAMS), output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' } },
  },
}

const engine = {
  root,
  publicDir: false as const,
  plugins: [assembly()],
  build: {
    lib: { entry: { browser: at('src/engine.ts'), node: at('src/engine-node.ts') }, formats: ['es' as const] },
    outDir: at('dist/engine'),
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: true,
    minify: false,
    rolldownOptions: { external: ['webgpu', /^node:/] },
  },
}

/** The page that measures: built by e2e/bench each time it runs. */
const bench = {
  root: at('e2e/bench/page'),
  base: './',
  publicDir: false as const,
  logLevel: 'warn' as const,
  build: { outDir: at('dist/bench'), emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 4_000 },
  plugins: [assembly()],
  worker: { format: 'es' as const, plugins: () => [assembly()] },
}

/** Tests that put modules of their own in the place of others. */
const MOCKING = ['server/coordinator/in-place.test.ts', 'server/coordinator/mutants.test.ts']

export default defineConfig(({ mode }) => ({
  ...(mode === 'node' ? programs : mode === 'engine' ? engine : mode === 'bench' ? bench : mode === 'test' ? { root, plugins: [assembly()] } : pages),
  test: {
    // Vitest would leave one core idle, which of two is half.
    maxWorkers: '100%',
    projects: [
      // A process and all modules anew for each file would take longer than the tests: nobody keeps state in modules, nobody mocks.
      { extends: true, test: { name: 'unit', include: ['src/**/*.test.ts', 'server/**/*.test.ts', 'e2e/bench/**/*.test.ts'], exclude: ['src/gpu/**', ...MOCKING], testTimeout: 30_000, isolate: false } },
      { extends: true, test: { name: 'unit-mocking', include: MOCKING, testTimeout: 30_000 } },
      { extends: true, test: { name: 'gpu', include: ['src/gpu/**/*.test.ts'], testTimeout: 120_000 } },
      // Real browsers on few cores: one file at a time, and time to reach an accuracy.
      { extends: true, test: { name: 'e2e', include: ['e2e/*.test.ts'], globalSetup: 'e2e/global-setup.ts', fileParallelism: false, testTimeout: 180_000, hookTimeout: 120_000 } },
    ],
  },
}))
