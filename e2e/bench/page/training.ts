// Whole training steps of ours and of one peer, in turns in one worker: same params, same data; first the losses must
// agree, then both are timed, with ours a second time as the control.
import type { Runner } from '../../../src/graph/plan.ts'
import { initialParams } from '../../../src/model/initial-params.ts'
import type { Layout } from '../../../src/model/layout.ts'
import { createWasmRunner } from '../../../src/wasm/runner.ts'
import { isWasm, type PeerName, type TrainingOptions, type TrainingRow } from '../messages.ts'
import { workloadNamed, type Workload } from '../workloads.ts'
import { batchesOf, type Contestant, type StepData } from './contestant.ts'
import { createBufferMeter, metered, type BufferMeter } from './gpu-bytes.ts'
import { createJax } from './jaxjs.ts'
import { compileWorkload, createOurs, dataShapeOf, IDLE_MS, memoryStore, openGpu, type Ours } from './ours.ts'
import { createTfjs } from './tfjs.ts'
import { timeInTurns, type Repeat } from './timing.ts'

type Log = (line: string) => void

/** Relative difference of losses up to which two libraries compute the same thing. */
const SAME_LOSS = 1e-3

export async function measureTraining({ workload: name, peer: peerName, rounds, checkSteps }: TrainingOptions, log: Log): Promise<TrainingRow> {
  const workload = workloadNamed(name)
  const title = `${name} against ${peerName}`
  const params = initialParams(workload.spec, 1)
  const compiled = compileWorkload(workload)
  const data = batchesOf(workload, dataShapeOf(workload, compiled))
  log(`${title}: first steps`)
  const { ours, runner, meter, ...opened } = await openOurs(peerName, workload, params, data[0]!)
  const { peer, meter: peerMeter, loss: peerLoss, firstStepMs: peerFirstStepMs } = await openPeer(peerName, { workload, layout: compiled.layout, params }, data[0]!)
  log(`${title}: first step ${seconds(opened.firstStepMs)} (${seconds(opened.warmFirstStepMs)} with caches), theirs ${seconds(peerFirstStepMs)}; comparing losses`)
  meter.restart()
  const pairs = [[opened.loss, peerLoss] as const, ...await laterLosses(checkSteps, data, ours, peer)]
  const difference = Math.max(...pairs.map(([mine, theirs]) => relative(mine, theirs)))
  if (!(difference <= SAME_LOSS)) throw new Error(`${title}: losses must agree to ${SAME_LOSS}, got a relative difference of ${difference}; ours and theirs by step: ${pairs.map((pair) => pair.map((loss) => loss.toPrecision(5)).join(' ')).join(', ')}`)
  // Of a single step, whose end is waited for: a library that lets its queue run ahead holds more.
  peerMeter.restart()
  await peer.steps(data.slice(0, 1))
  const { peakBytes: peerPeakBytes } = peerMeter.count()
  log(`${title}: losses agree to ${difference.toExponential(1)} over ${checkSteps} steps; timing`)
  const times = await timeInTurns({ ours: repeated(ours, data), peer: repeated(peer, data), rounds })
  const { peakBytes: oursPeakBytes, made: oursLateBuffers } = meter.count()
  ours.dispose()
  peer.dispose()
  return {
    name, peer: peerName, adapter: runner.adapter.name, ...times, gflops: ours.flops / times.oursMs / 1e6, lossDifference: difference, checkedSteps: checkSteps,
    oursFirstStepMs: opened.firstStepMs, oursWarmFirstStepMs: opened.warmFirstStepMs, peerFirstStepMs, oursPeakBytes, peerPeakBytes, oursLateBuffers,
  }
}

const repeated = (contestant: Contestant, data: readonly StepData[]): Repeat =>
  (count) => contestant.steps(Array.from({ length: count }, (_, i) => data[i % data.length]!))

interface OpenOurs {
  readonly runner: Runner
  readonly ours: Ours
  readonly meter: BufferMeter
  readonly loss: number
  readonly firstStepMs: number
  readonly warmFirstStepMs: number
}

/** A first step with nothing known; then, for all that follows, a second runner that finds what the first one remembered, and some idle time. */
async function openOurs(peer: PeerName, workload: Workload, params: Float32Array, data: StepData): Promise<OpenOurs> {
  const store = memoryStore()
  const first = async (): Promise<Omit<OpenOurs, 'warmFirstStepMs'>> => {
    const start = performance.now()
    const meter = createBufferMeter()
    const runner = isWasm(peer) ? await createWasmRunner() : await meter.during(() => openGpu(store))
    const ours = await createOurs(runner, { workload, params, meter })
    const loss = await ours.lossOf(data)
    return { runner, ours, meter, loss, firstStepMs: performance.now() - start }
  }
  const cold = await first()
  cold.ours.dispose()
  cold.runner.dispose()
  const warm = await first()
  await warm.ours.improve(IDLE_MS)
  return { ...warm, firstStepMs: cold.firstStepMs, warmFirstStepMs: warm.firstStepMs }
}

interface PeerSetup { readonly workload: Workload; readonly layout: Layout; readonly params: Float32Array }

async function openPeer(name: PeerName, setup: PeerSetup, data: StepData): Promise<{ peer: Contestant; meter: BufferMeter; loss: number; firstStepMs: number }> {
  const start = performance.now()
  const { workload, layout, params } = setup
  const meter = createBufferMeter()
  const peer = metered(meter, await meter.during(() => (name === 'tfjs-webgpu' ? createTfjs(workload, layout, params) : createJax(name === 'jaxjs-wasm' ? 'wasm' : 'webgpu', { workload, layout, params }))))
  const loss = await peer.lossOf(data)
  return { peer, meter, loss, firstStepMs: performance.now() - start }
}

/** Of both, from the second step on. */
async function laterLosses(checkSteps: number, data: readonly StepData[], ours: Ours, peer: Contestant): Promise<readonly (readonly [number, number])[]> {
  const pairs: (readonly [number, number])[] = []
  for (let step = 1; step < checkSteps; step++) {
    const batch = data[step % data.length]!
    pairs.push([await ours.lossOf(batch), await peer.lossOf(batch)])
  }
  return pairs
}

const relative = (a: number, b: number): number => Math.abs(a - b) / Math.abs(b)
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
