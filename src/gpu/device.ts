// Opens a WebGPU device on whatever `GPU` object it is given (a browser's or Dawn's under Node), with limits asked for
// explicitly, and describes it for people and for the tuner.
import type { AdapterDescription } from '../graph/plan.ts'
import type { GpuCapabilities } from '../kernels/kernel.ts'

/** This browser has no WebGPU at all, or hides it because the page's origin is not secure. */
export class NoWebGpuError extends Error {
  override readonly name = 'NoWebGpuError'
  /** False where the remedy is https or localhost, not another browser. */
  readonly secureContext: boolean
  constructor(secureContext: boolean) {
    super(secureContext
      ? 'navigator.gpu: must exist, got none. Use a recent Chrome, Edge, Safari or Firefox.'
      : 'navigator.gpu: must exist, got none on an insecure origin. Open the page over https or on localhost.')
    this.secureContext = secureContext
  }
}

/** WebGPU is there, but it found no GPU that it may use. */
export class NoAdapterError extends Error {
  override readonly name = 'NoAdapterError'
  constructor() {
    super('WebGPU adapter: must exist, got none. Turn on hardware acceleration in the browser\'s settings, or update the graphics driver.')
  }
}

export interface OpenDevice {
  readonly device: GPUDevice
  readonly description: AdapterDescription
  readonly capabilities: GpuCapabilities
  /** Names the adapter and its driver, for keys of remembered tuning. */
  readonly fingerprint: string
  /** Resolves with the reason when the device is gone, also after `destroy`. */
  readonly lost: Promise<string>
}

/** `navigator.gpu` of a page or a worker. Throws NoWebGpuError. */
export function browserGpu(): GPU {
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu
  if (gpu === undefined) throw new NoWebGpuError(globalThis.isSecureContext ?? true)
  return gpu
}

/** Limits that large models or large tiles need; the adapter's own maximum is asked for, never more. */
const RAISED_LIMITS = [
  'maxBufferSize', 'maxStorageBufferBindingSize', 'maxStorageBuffersPerShaderStage', 'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup', 'maxComputeWorkgroupSizeX', 'maxComputeWorkgroupSizeY',
] as const

const OPTIONAL_FEATURES = ['shader-f16', 'subgroups', 'timestamp-query'] as const

/** Throws NoAdapterError where there is no adapter. */
export async function openDevice(gpu: GPU): Promise<OpenDevice> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }) ?? await gpu.requestAdapter()
  if (adapter === null) throw new NoAdapterError()
  const requiredLimits = Object.fromEntries(RAISED_LIMITS.map((limit) => [limit, adapter.limits[limit]]).filter(([, value]) => value !== undefined))
  const requiredFeatures = OPTIONAL_FEATURES.filter((feature) => adapter.features.has(feature)) as GPUFeatureName[]
  const device = await adapter.requestDevice({ label: 'commonweight', requiredLimits, requiredFeatures })
  const info = infoOf(adapter)
  const software = isSoftware(info)
  return {
    device,
    description: { runner: 'gpu', name: describe(info, software), software },
    capabilities: capabilitiesOf(device, info, software),
    fingerprint: [info.vendor, info.architecture, info.device, info.description].join('|'),
    lost: device.lost.then(({ reason, message }) => message === '' ? reason : message),
  }
}

type AdapterInfo = Pick<GPUAdapterInfo, 'vendor' | 'architecture' | 'device' | 'description' | 'isFallbackAdapter'> & { readonly subgroupMinSize?: number; readonly subgroupMaxSize?: number }

/** Browsers came by the parts of this one after the other: what is missing is empty. */
function infoOf(adapter: GPUAdapter): AdapterInfo {
  const info: Partial<GPUAdapterInfo> = adapter.info ?? {}
  const { vendor = '', architecture = '', device = '', description = '', subgroupMinSize = 0, subgroupMaxSize = 0 } = info
  return { vendor, architecture, device, description, subgroupMinSize, subgroupMaxSize, isFallbackAdapter: info.isFallbackAdapter ?? (adapter as { isFallbackAdapter?: boolean }).isFallbackAdapter ?? false }
}

function capabilitiesOf({ limits, features }: GPUDevice, info: AdapterInfo, software: boolean): GpuCapabilities {
  const subgroups = features.has('subgroups')
  return {
    maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
    maxComputeWorkgroupSizeY: limits.maxComputeWorkgroupSizeY,
    maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    // Some browsers offer subgroups without saying how large they are.
    subgroupMinSize: subgroups ? info.subgroupMinSize ?? 0 : 0,
    subgroupMaxSize: subgroups ? info.subgroupMaxSize ?? 0 : 0,
    software,
    features: new Set<string>(features),
  }
}

/** Browsers blank most of an adapter's description, but all name SwiftShader, llvmpipe and WARP one way or another. */
function isSoftware(info: AdapterInfo): boolean {
  const text = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`.toLowerCase()
  return info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|microsoft basic render/.test(text)
}

function describe(info: AdapterInfo, software: boolean): string {
  const named = info.description !== '' ? info.description : [info.vendor, info.architecture, info.device].filter((part) => part !== '').join(' ')
  const name = /swiftshader/i.test(`${info.architecture} ${info.description}`) ? 'SwiftShader' : named === '' ? 'Unnamed GPU' : named
  return software ? `${name} (software)` : name
}
