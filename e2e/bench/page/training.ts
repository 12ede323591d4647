// Whole training steps of ours and of one peer, interleaved in one worker: same params, same data; first the losses must
// agree, then both are timed, with ours a second time as the control.
import type { Runner } from '../../../src/graph/plan.ts'
import { createWasmRunner } from '../../../src/wasm/runner.ts'
import { initialParams } from '../../../src/model/initial-params.ts'
import { product } from '../../../src/base/math.ts'
import type { Layout } from '../../../src/model/layout.ts'
import { isWasm, type PeerName, type TrainingOptions, type TrainingRow } from '../messages.ts'
import { workloadNamed, type Workload } from '../workloads.ts'
import { dataOf, type Contestant, type StepData } from './contestant.ts'
import { countBuffers, liveBytes, watchBuffers } from './gpu-bytes.ts'
import { createJax } from './jaxjs.ts'
import { compileWorkload, createOurs, memoryStore, openGpu, type Ours } from './ours.ts'
import { createTfjs } from './tfjs.ts'

type Log = (line: string) => void

/** Relative difference of losses up to which two libraries compute the same thing. */
const SAME_LOSS = 1e-3

watchBuffers()

export async function measureTraining({ workload: name, peer: peerName, rounds, checkSteps }: TrainingOptions, log: Log): Promise<{ adapter: string; row: TrainingRow }> {
  const workload = workloadNamed(name)
  const title = `${name} against ${peerName}`
  const params = initialParams(workload.spec, 1)
  const { layout, model: { output } } = compileWorkload(workload)
  const labels = { perExample: product(output.shape) / output.shape.at(-1)! / workload.batchSize, classes: output.shape.at(-1)! }
  const data = Array.from({ length: 8 }, (_, seed) => dataOf(workload, { labels }, seed))
  log(`${title}: first steps`)
  const opened = await openOurs(peerName, workload, params, data[0]!)
  const { ours, runner } = opened
  const held = liveBytes()
  const { peer, loss: peerLoss, firstStepMs: peerFirstStepMs } = await openPeer(peerName, { workload, layout, params }, data[0]!)
  log(`${title}: first step ${seconds(opened.firstStepMs)} (${seconds(opened.warmFirstStepMs)} with caches), theirs ${seconds(peerFirstStepMs)}; comparing losses`)
  const pairs = [[opened.loss, peerLoss] as const, ...await laterLosses(checkSteps, data, ours, peer)]
  const difference = Math.max(...pairs.map(([mine, theirs]) => relative(mine, theirs)))
  if (!(difference <= SAME_LOSS)) throw new Error(`${title}: losses must agree to ${SAME_LOSS}, got a relative difference of ${difference}; ours and theirs by step: ${pairs.map((pair) => pair.map((loss) => loss.toPrecision(5)).join(' ')).join(', ')}`)
  const peers = liveBytes() - held
  const [, oursCount] = await countBuffers(peers, () => ours.steps(data.slice(0, 2)))
  const [, peerCount] = await countBuffers(held, () => peer.steps(data.slice(0, 1)))
  log(`${title}: losses agree to ${difference.toExponential(1)} over ${checkSteps} steps; timing`)
  const times = await timeBoth(data, ours, peer, rounds)
  const row: TrainingRow = {
    name, peer: peerName, ...times, lossDifference: difference, checkedSteps: checkSteps,
    oursFirstStepMs: opened.firstStepMs, oursWarmFirstStepMs: opened.warmFirstStepMs, peerFirstStepMs,
    oursPeakBytes: oursCount.peakBytes, peerPeakBytes: peerCount.peakBytes, oursLateBuffers: oursCount.made,
  }
  ours.dispose()
  peer.dispose()
  return { adapter: runner.adapter.name, row }
}

interface OpenOurs {
  readonly runner: Runner
  readonly ours: Ours
  readonly loss: number
  readonly firstStepMs: number
  readonly warmFirstStepMs: number
}

/** Idle time before anything is timed: what started quickly goes over to better rows. */
const IDLE_MS = 5_000

/** A first step with nothing known; then, for all that follows, a second runner that finds what the first one remembered, and some idle time. */
async function openOurs(peer: PeerName, workload: Workload, params: Float32Array, data: StepData): Promise<OpenOurs> {
  const store = memoryStore()
  const first = async (): Promise<Omit<OpenOurs, 'warmFirstStepMs'>> => {
    const start = performance.now()
    const runner = isWasm(peer) ? await createWasmRunner() : await openGpu(store)
    const ours = await createOurs(runner, workload, params)
    const loss = await ours.lossOf(data)
    return { runner, ours, loss, firstStepMs: performance.now() - start }
  }
  const cold = await first()
  cold.ours.dispose()
  cold.runner.dispose()
  const warm = await first()
  await warm.ours.improve(IDLE_MS)
  return { ...warm, firstStepMs: cold.firstStepMs, warmFirstStepMs: warm.firstStepMs }
}

interface PeerSetup { readonly workload: Workload; readonly layout: Layout; readonly params: Float32Array }

async function openPeer(name: PeerName, setup: PeerSetup, data: StepData): Promise<{ peer: Contestant; loss: number; firstStepMs: number }> {
  const start = performance.now()
  const { workload, layout, params } = setup
  const peer = name === 'tfjs-webgpu' ? await createTfjs(workload, layout, params) : await createJax(name === 'jaxjs-wasm' ? 'wasm' : 'webgpu', { workload, layout, params })
  const loss = await peer.lossOf(data)
  return { peer, loss, firstStepMs: performance.now() - start }
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

/** About this long is spent on one contestant in one round. */
const ROUND_MS = 1_500

async function timeBoth(data: readonly StepData[], ours: Ours, peer: Contestant, rounds: number): Promise<Pick<TrainingRow, 'oursMs' | 'peerMs' | 'ratio' | 'controlRatio' | 'gflops'>> {
  const times = { ours: [] as number[], peer: [] as number[], control: [] as number[] }
  const counts = { ours: await stepsFor(ours, data), peer: await stepsFor(peer, data) }
  for (let round = 0; round < rounds; round++) {
    times.ours.push(await stepMs(ours, data, counts.ours))
    times.peer.push(await stepMs(peer, data, counts.peer))
    times.control.push(await stepMs(ours, data, counts.ours))
  }
  const oursMs = median(times.ours), peerMs = median(times.peer)
  return { oursMs, peerMs, ratio: peerMs / oursMs, controlRatio: median(times.control) / oursMs, gflops: ours.flops / oursMs / 1e6 }
}

const stepsFor = async (contestant: Contestant, data: readonly StepData[]): Promise<number> =>
  Math.max(1, Math.min(100, Math.round(ROUND_MS / await stepMs(contestant, data, 1))))

async function stepMs(contestant: Contestant, data: readonly StepData[], count: number): Promise<number> {
  const batches = Array.from({ length: count }, (_, i) => data[i % data.length]!)
  const start = performance.now()
  await contestant.steps(batches)
  return (performance.now() - start) / count
}

const relative = (a: number, b: number): number => Math.abs(a - b) / Math.abs(b)
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
