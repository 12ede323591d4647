// Tells the failures that end a volunteer's session apart, so that each can have its own remedy on the page.
// By name, not by class: the simulator's volunteer core must not import the WebGPU runner.
import type { FailureKind } from './view.ts'

export function failureOf(error: unknown): FailureKind {
  if (!(error instanceof Error)) return 'crashed'
  switch (error.name) {
    case 'NoWebGpuError': return 'secureContext' in error && error.secureContext === false ? 'insecure' : 'no-webgpu'
    case 'NoSimdError': return 'too-old'
    case 'NoAdapterError': return 'no-adapter'
    case 'DeviceLostError': return 'device-lost'
    case 'ConfigError': return 'too-large'
    case 'WrongResultsError': return 'wrong-results'
    default: return 'crashed'
  }
}
