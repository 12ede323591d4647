// Starts a headless Chromium that has WebGPU: on the machine's GPU where there is one, else on SwiftShader, the software
// adapter that comes with it.
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright'
import { ConfigError } from '../src/base/errors.ts'
import { BROWSER_REMEDY, findBrowser } from './browsers.mjs'

/** `none`: a browser that offers no adapter, as one with hardware acceleration turned off. */
export type AdapterChoice = 'hardware' | 'software' | 'none'

const QUIET_FLAGS = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
/** Chrome on Linux offers WebGPU only with the first, and finds the GPU only with the others; where there is no display, only with all of them. */
const HARDWARE_FLAGS = ['--enable-unsafe-webgpu', ...(process.platform === 'linux' ? ['--enable-features=Vulkan', '--ignore-gpu-blocklist', '--use-angle=vulkan', '--disable-vulkan-surface'] : [])]
const SOFTWARE_FLAGS = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']

const FLAGS: Readonly<Record<AdapterChoice, readonly string[]>> = { hardware: HARDWARE_FLAGS, software: SOFTWARE_FLAGS, none: [] }

export const browserMissing = (): ConfigError =>
  new ConfigError(`browser: must be a Chrome, Chromium or Edge, but none was found on this machine. Install one, or run: ${BROWSER_REMEDY}`)

export async function launchChromium(adapter: AdapterChoice): Promise<Browser> {
  const executablePath = findBrowser()
  if (executablePath === undefined) throw browserMissing()
  return chromium.launch({
    executablePath,
    headless: true,
    // The caller closes it: a signal meant for the coordinator must not race with that.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    // Chromium refuses its sandbox to root, and only to root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: [...QUIET_FLAGS, ...FLAGS[adapter]],
  })
}

/** Asks a browser on `url` (a secure page) whether this machine has a hardware adapter. */
export async function probeAdapter(url: string): Promise<AdapterChoice> {
  // Without a device file no driver can work, and the question would cost a browser's start.
  if (process.platform === 'linux' && !['/dev/dri', '/dev/nvidia0', '/dev/dxg'].some((path) => existsSync(path))) return 'software'
  const browser = await launchChromium('hardware')
  try {
    const page = await browser.newPage({ ignoreHTTPSErrors: true })
    await page.goto(url)
    const isHardware = await page.evaluate(async () => {
      // The first request can fail while the browser's GPU process is still starting.
      const adapter = await navigator.gpu?.requestAdapter() ?? await navigator.gpu?.requestAdapter()
      return adapter !== null && adapter !== undefined && !adapter.info.isFallbackAdapter && !/swiftshader|llvmpipe|basic render/i.test(`${adapter.info.architecture} ${adapter.info.description}`)
    })
    return isHardware ? 'hardware' : 'software'
  } catch {
    // Whatever stands in the way of a GPU, software needs none of it.
    return 'software'
  } finally {
    await browser.close()
  }
}
