// `npm test`: type check, lint, build, unit tests, tests on WebGPU, tests in real browsers; all of them, and one summary.
// `npm test -- unit e2e` runs only the named steps.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const results = join(root, 'test-results')
const bin = (/** @type {string} */ path) => join(root, 'node_modules', path)

/** @type {Record<string, string[]>} */
const CHECKS = {
  typecheck: [bin('typescript/bin/tsc')],
  lint: [bin('oxlint/bin/oxlint')],
  build: [join(root, 'server/build.mjs')],
}
const PROJECTS = ['unit', 'gpu', 'e2e']

const wanted = process.argv.slice(2)
const known = [...Object.keys(CHECKS), ...PROJECTS]
const wrong = wanted.find((name) => !known.includes(name))
if (wrong !== undefined) {
  console.error(`npm test: must name steps among ${known.join(', ')}, got "${wrong}".`)
  process.exit(2)
}
const chosen = (/** @type {string} */ name) => wanted.length === 0 || wanted.includes(name)

rmSync(results, { recursive: true, force: true })
mkdirSync(results, { recursive: true })
const total = { passed: 0, failed: 0 }
/** @type {string[]} */
const notes = []

for (const [name, args] of Object.entries(CHECKS).filter(([name]) => chosen(name))) {
  const ok = run(name, args) === 0
  if (ok) total.passed++
  else fail(name, 1)
}
for (const project of PROJECTS.filter(chosen)) runProject(project)

const summary = `${total.passed} passed, ${total.failed} failed`
writeFileSync(join(results, 'summary'), `${summary}\n`)
console.log(`\n${notes.map((note) => `${note}\n`).join('')}${summary}`)
process.exitCode = total.failed === 0 ? 0 : 1

/** @param {string} project */
function runProject(project) {
  const file = join(results, `${project}.json`)
  const status = run(project, [bin('vitest/vitest.mjs'), 'run', '--project', `${project}*`, '--passWithNoTests', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`])
  if (!existsSync(file)) return fail(project, 1)
  const report = JSON.parse(readFileSync(file, 'utf8'))
  total.passed += report.numPassedTests
  // A file that could not even be loaded holds no test that failed.
  const broken = report.testResults.filter((/** @type {any} */ result) => result.status === 'failed' && !result.assertionResults.some((/** @type {any} */ test) => test.status === 'failed')).length
  const failed = report.numFailedTests + broken
  if (failed > 0 || status !== 0) fail(project, Math.max(1, failed))
  if (report.numPendingTests + report.numTodoTests > 0) notes.push(`SKIPPED: ${report.numPendingTests + report.numTodoTests} of ${project}: ${skippedOf(report)}`)
}

/** @param {any} report */
function skippedOf(report) {
  const names = report.testResults.flatMap((/** @type {any} */ result) => result.assertionResults.filter((/** @type {any} */ test) => ['pending', 'skipped', 'todo'].includes(test.status)))
    .map((/** @type {any} */ test) => test.fullName)
  return names.slice(0, 5).join('; ') + (names.length > 5 ? ' …' : '')
}

/**
 * @param {string} name
 * @param {number} count
 */
function fail(name, count) {
  total.failed += count
  notes.push(`FAILED: ${name}`)
}

/**
 * @param {string} name
 * @param {string[]} args
 */
function run(name, args) {
  console.log(`\n== ${name}`)
  return spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status
}
