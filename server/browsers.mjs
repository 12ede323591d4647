// Finds a Chromium-based browser: Playwright's own if it is installed, else the system's Chrome, Chromium or Edge.
// Plain JavaScript without dependencies, because set-up needs it before anything is installed.
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

const { env, platform } = process

/**
 * Path of the browser's program, or undefined. `BROWSER_PATH` in the environment overrides the search.
 * @returns {string | undefined}
 */
export function findBrowser() {
  return [...named(), ...playwrightBrowsers(), ...systemBrowsers()].find((path) => existsSync(path))
}

/** The one command that helps where none was found. */
export const BROWSER_REMEDY = platform === 'linux' ? 'npx playwright install --with-deps chromium' : 'npx playwright install chromium'

/** @returns {string[]} */
const named = () => [env.BROWSER_PATH, env.CHROME_PATH].filter((path) => path !== undefined && path !== '').map(String)

/**
 * The newest full Chromium in Playwright's folder; its "headless shell" is left out, as it has no WebGPU.
 * @returns {string[]}
 */
function playwrightBrowsers() {
  const folder = env.PLAYWRIGHT_BROWSERS_PATH && env.PLAYWRIGHT_BROWSERS_PATH !== '0' ? env.PLAYWRIGHT_BROWSERS_PATH : playwrightFolder()
  if (!existsSync(folder)) return []
  const version = (/** @type {string} */ name) => Number(name.split('-')[1])
  const builds = readdirSync(folder).filter((name) => /^chromium-\d+$/.test(name)).sort((a, b) => version(b) - version(a))
  const programs = {
    linux: ['chrome-linux64/chrome', 'chrome-linux/chrome'],
    darwin: ['chrome-mac-arm64', 'chrome-mac-x64', 'chrome-mac'].flatMap((inner) =>
      ['Google Chrome for Testing', 'Chromium'].map((name) => `${inner}/${name}.app/Contents/MacOS/${name}`)),
    win32: ['chrome-win64/chrome.exe', 'chrome-win/chrome.exe'],
  }
  return builds.flatMap((build) => (programs[/** @type {'linux'} */ (platform)] ?? []).map((program) => join(folder, build, program)))
}

function playwrightFolder() {
  if (platform === 'darwin') return join(homedir(), 'Library/Caches/ms-playwright')
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData/Local'), 'ms-playwright')
  return join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ms-playwright')
}

/** @returns {string[]} */
function systemBrowsers() {
  if (platform === 'darwin') {
    const apps = ['Google Chrome', 'Chromium', 'Microsoft Edge', 'Google Chrome Canary']
    return ['/Applications', join(homedir(), 'Applications')].flatMap((folder) => apps.map((app) => `${folder}/${app}.app/Contents/MacOS/${app}`))
  }
  if (platform === 'win32') {
    const programs = ['Google/Chrome/Application/chrome.exe', 'Chromium/Application/chrome.exe', 'Microsoft/Edge/Application/msedge.exe']
    const folders = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter((folder) => folder !== undefined).map(String)
    return programs.flatMap((program) => folders.map((folder) => join(folder, program)))
  }
  const commands = ['google-chrome-stable', 'google-chrome', 'chromium', 'chromium-browser', 'microsoft-edge-stable', 'microsoft-edge']
  const folders = [...(env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), '/usr/bin', '/usr/local/bin', '/snap/bin']
  return [...commands.flatMap((command) => folders.map((folder) => join(folder, command))), '/opt/google/chrome/chrome']
}
