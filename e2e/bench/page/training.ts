// Whole training steps of our runner and of TensorFlow.js, interleaved in one worker on one adapter: same params, same data;
// first the losses must agree, then both are timed, with ours a second time as the control.
import { createRng } from '../../../src/base/rng.ts'
import { initialParams } from '../../../src/model/initial-params.ts'
import { inputShape } from '../../../src/model/spec.ts'
import { zoo } from '../../../src/model/zoo/index.ts'
import type { BenchOptions, TrainingReport, TrainingRow } from '../messages.ts'
import { workloads, type Workload } from '../workloads.ts'
import { compileWorkload, createOurs, openRunner, type Ours } from './ours.ts'
import { createTfjs } from './tfjs.ts'

export interface StepData {
  /** [batch, ...input] */
  readonly x: Float32Array
  readonly labels: Uint32Array
}

export interface Contestant {
  /** Mean loss of one training step, waiting for it. */
  lossOf(data: StepData): Promise<number>
  /** Trains on each batch; resolves when the device has done them all. */
  steps(batches: readonly StepData[]): Promise<void>
  dispose(): void
}

type Log = (line: string) => void

/** Relative difference of losses up to which two libraries compute the same thing. */
const SAME_LOSS = 1e-3

export async function measureTraining({ workloads: names, rounds }: BenchOptions, log: Log): Promise<TrainingReport> {
  const runner = await openRunner()
  const rows: TrainingRow[] = []
  for (const workload of workloads.filter(({ name }) => names.includes(name))) {
    log(`${workload.name}: preparing`)
    const params = initialParams(zoo.get(workload.name).spec, 1)
    const { layout, model } = compileWorkload(workload)
    const data = Array.from({ length: 8 }, (_, i) => batchOf(workload, inputShape(model.spec.inputs['x']!), i))
    const started = performance.now()
    const ours = await createOurs(runner, workload, params)
    const oursFirst = await ours.lossOf(data[0]!)
    const oursFirstStepMs = performance.now() - started
    const peerStarted = performance.now()
    const peer = await createTfjs(model.spec, layout, workload, params)
    const peerFirst = await peer.lossOf(data[0]!)
    const peerFirstStepMs = performance.now() - peerStarted
    const lossDifference = Math.max(relative(oursFirst, peerFirst), await compareLosses(workload, data, ours, peer))
    if (!(lossDifference <= SAME_LOSS)) throw new Error(`${workload.name}: losses must agree with TensorFlow.js's to ${SAME_LOSS}, got a relative difference of ${lossDifference}`)
    log(`${workload.name}: losses agree to ${lossDifference.toExponential(1)} over ${workload.checkSteps} steps; timing`)
    rows.push({ ...await timeBoth(workload, data, ours, peer, rounds), lossDifference, checkedSteps: workload.checkSteps, oursFirstStepMs, peerFirstStepMs })
    ours.dispose()
    peer.dispose()
  }
  return { kind: 'training', adapter: runner.adapter.name, workloads: rows }
}

async function compareLosses({ checkSteps }: Workload, data: readonly StepData[], ours: Ours, peer: Contestant): Promise<number> {
  let difference = 0
  for (let step = 1; step < checkSteps; step++) {
    const batch = data[step % data.length]!
    difference = Math.max(difference, relative(await ours.lossOf(batch), await peer.lossOf(batch)))
  }
  return difference
}

/** About this long is spent on one contestant in one round. */
const ROUND_MS = 1_500

async function timeBoth({ name }: Workload, data: readonly StepData[], ours: Ours, peer: Contestant, rounds: number): Promise<Pick<TrainingRow, 'name' | 'peer' | 'oursMs' | 'peerMs' | 'ratio' | 'controlRatio' | 'gflops'>> {
  const times = { ours: [] as number[], peer: [] as number[], control: [] as number[] }
  const counts = { ours: await stepsFor(ours, data), peer: await stepsFor(peer, data) }
  for (let round = 0; round < rounds; round++) {
    times.ours.push(await stepMs(ours, data, counts.ours))
    times.peer.push(await stepMs(peer, data, counts.peer))
    times.control.push(await stepMs(ours, data, counts.ours))
  }
  const oursMs = median(times.ours), peerMs = median(times.peer)
  return { name, peer: 'tfjs-webgpu', oursMs, peerMs, ratio: peerMs / oursMs, controlRatio: median(times.control) / oursMs, gflops: ours.flops / oursMs / 1e6 }
}

const stepsFor = async (contestant: Contestant, data: readonly StepData[]): Promise<number> =>
  Math.max(1, Math.min(100, Math.round(ROUND_MS / await stepMs(contestant, data, 1))))

async function stepMs(contestant: Contestant, data: readonly StepData[], count: number): Promise<number> {
  const batches = Array.from({ length: count }, (_, i) => data[i % data.length]!)
  const start = performance.now()
  await contestant.steps(batches)
  return (performance.now() - start) / count
}

/** Sparse seeded images, brighter where the label says so, so that losses fall. */
function batchOf({ batchSize }: Workload, shape: readonly number[], seed: number): StepData {
  const rng = createRng(`bench ${seed}`)
  const size = shape.reduce((a, b) => a * b, 1)
  const labels = Uint32Array.from({ length: batchSize }, () => rng.integer(10))
  const x = Float32Array.from({ length: batchSize * size }, (_, i) => {
    const bright = Math.floor((i % size) / (size / 10)) === labels[Math.floor(i / size)]
    return Math.max(0, rng.uniform() * 2 - (bright ? 0.5 : 1.2))
  })
  return { x, labels }
}

const relative = (a: number, b: number): number => Math.abs(a - b) / Math.abs(b)
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
