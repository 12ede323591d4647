// WebGPU under Node: the npm package `webgpu` (Dawn) on the system's Vulkan driver, or on the SwiftShader that comes with
// a Chromium. Finds out by asking for an adapter, not by looking at versions.
import { existsSync, readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'

/** Folders in which browsers keep SwiftShader and a Vulkan loader. `BROWSER_PATH` names another browser. */
const BROWSER_FOLDERS = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome', '/opt/microsoft/msedge']
const ICD = 'vk_swiftshader_icd.json'

/** Dawn stops working when the object it was made by is collected, so it is kept here. */
let kept: GPU | undefined

/**
 * Dawn's `GPU`, or undefined where no Vulkan driver works. Hardware drivers come first; `software: true` asks for
 * SwiftShader alone. Sets WebGPU's global constants. Call it once per process: a driver cannot be unloaded.
 */
export async function nodeGpu(options: { readonly software?: boolean } = {}): Promise<GPU | undefined> {
  if (kept !== undefined) return kept
  const { create, globals } = await import('webgpu')
  Object.assign(globalThis, globals)
  const works = async (): Promise<GPU | undefined> => {
    const gpu = create([])
    return await gpu.requestAdapter() === null ? undefined : gpu
  }
  if (options.software !== true && hasSystemDriver()) kept = await works()
  for (const folder of kept === undefined ? swiftShaderFolders() : []) {
    process.env['VK_ICD_FILENAMES'] = join(folder, ICD)
    loadVulkanLoader(folder)
    kept = await works()
    if (kept !== undefined) break
  }
  return kept
}

/** What to tell a person where nodeGpu finds nothing. */
export const NO_VULKAN_REMEDY = 'Install a Vulkan driver (Debian or Ubuntu: apt-get install mesa-vulkan-drivers libvulkan1) or a Chromium, which brings a software one.'

function hasSystemDriver(): boolean {
  const folders = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d']
  return process.platform !== 'linux' || process.env['VK_ICD_FILENAMES'] !== undefined || process.env['VK_DRIVER_FILES'] !== undefined
    || folders.some((folder) => existsSync(folder) && readdirSync(folder).length > 0)
}

function swiftShaderFolders(): readonly string[] {
  const named = process.env['BROWSER_PATH']
  return [...(named === undefined ? [] : [dirname(named)]), ...playwrightFolders(), ...BROWSER_FOLDERS].filter((folder) => existsSync(join(folder, ICD)))
}

function playwrightFolders(): readonly string[] {
  const root = process.env['PLAYWRIGHT_BROWSERS_PATH'] ?? join(process.env['HOME'] ?? '/', '.cache/ms-playwright')
  if (!existsSync(root)) return []
  return readdirSync(root).filter((name) => name.startsWith('chromium')).flatMap((name) => ['chrome-linux', 'chrome-linux64'].map((inner) => join(root, name, inner)))
}

/**
 * Dawn looks for libvulkan.so.1 by that name alone. Opening the browser's copy beforehand satisfies it, since the system
 * finds libraries that are already open by their own names. Node reports that this is no module of its own; RTLD_NODELETE
 * keeps it open all the same.
 */
function loadVulkanLoader(folder: string): void {
  const RTLD_NODELETE = 0x1000
  const path = join(folder, 'libvulkan.so.1')
  if (process.platform !== 'linux' || !existsSync(path)) return
  try {
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | RTLD_NODELETE)
  } catch (error) {
    if (!String(error).includes('did not self-register')) throw error
  }
}
