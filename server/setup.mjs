// Makes a fresh clone ready, before `npm start`, `npm test` and the like: checks Node, installs the packages where they are
// missing or old, finds a browser. Only Node's own modules, as nothing else may be there yet. Asks nothing.
import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BROWSER_REMEDY, findBrowser } from './browsers.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** `start` and `train` go on without a browser: volunteers may come from elsewhere, or run in Node. */
const purpose = process.argv[2] ?? 'start'

checkNode()
installPackages()
provideBrowser()

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const works = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22
  if (!works) fail(`Commonweight needs Node 20.19 or newer (22.12 or newer of version 22), and this is Node ${process.versions.node}. Get a current one from https://nodejs.org and run the command again.`)
}

function installPackages() {
  const difference = missingPackage()
  if (difference === undefined) return
  const folder = join(root, 'node_modules')
  if (existsSync(folder) && lstatSync(folder).isSymbolicLink()) return say(`${difference}, but node_modules is a link: run "npm ci" where it points to.`)
  say(`Installing packages (${difference}) …`)
  // No package of ours needs its install script; not running them keeps set-up free of compilers and downloads.
  const npm = process.env.npm_execpath
  const args = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund']
  const { status } = npm?.endsWith('.js')
    ? run(process.execPath, [npm, ...args])
    : run('npm', args, { shell: process.platform === 'win32' })
  if (status !== 0) fail('The packages could not be installed: see above. Is this machine online? Then run "npm ci" and try again.')
}

/**
 * Compares what is installed with package-lock.json: npm keeps its own list of what it installed.
 * @returns {string | undefined} What differs, or undefined where nothing does.
 */
function missingPackage() {
  const installed = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(installed)) return 'first time'
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages
  const want = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  for (const [path, { version, optional, link }] of Object.entries(want)) {
    if (path === '' || link) continue
    if (have[path] === undefined ? !optional : have[path].version !== version) return `${path.replace(/^.*node_modules\//, '')} changed`
  }
  return undefined
}

function provideBrowser() {
  if (findBrowser() !== undefined) return
  if (isDebian() && process.getuid?.() === 0) {
    say('Installing the Debian package chromium, as there is no Chrome, Chromium or Edge …')
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    run('apt-get', ['update', '-q'], { env })
    run('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'], { env })
    if (findBrowser() !== undefined) return
  }
  const message = `There is no Chrome, Chromium or Edge on this machine. Install one, or run:\n\n    ${BROWSER_REMEDY}\n`
  if (purpose !== 'start' && purpose !== 'train') fail(message)
  say(`${message}\nGoing on without: no headless volunteers, but pages opened elsewhere can join.`)
}

function isDebian() {
  try {
    return /^ID="?debian"?$/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
function run(command, args, options = {}) {
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options })
}

/** @param {string} text */
function say(text) {
  console.log(text)
}

/**
 * @param {string} text
 * @returns {never}
 */
function fail(text) {
  console.error(`\n${text}\n`)
  process.exit(1)
}
