// One seeded trial: a run under faults that its seed draws, then a calm in which it has to make progress, then every
// rule of server/SPEC.md that can be read off what is on disk and what the volunteers were told.
import { invariant, present } from '../../src/base/errors.ts'
import { createRng } from '../../src/base/rng.ts'
import { initialParams } from '../../src/model/initial-params.ts'
import { Aggregation } from '../numeric/aggregation.ts'
import { numericSetup } from '../numeric/setup.ts'
import { checkCheckpoints } from './trial-checkpoints.ts'
import { orderOf } from './leases.ts'
import type { AcceptedRecord, LogRecord } from './records.ts'
import { Simulation, STUB_LAYOUT, STUB_MODEL, STUB_STRATEGIES, type SimulationOptions } from './simulation.ts'
import { stubGradient } from './stub-volunteer.ts'
import { verifyRecords } from './verify-log.ts'

export interface TrialOptions extends SimulationOptions {
  readonly faultyMs: number
}

export interface Trial {
  readonly simulation: Simulation
  readonly records: readonly LogRecord[]
  /** Compared with the log before them. */
  readonly checkpoints: number
}

const SCHEDULES = Object.keys(STUB_STRATEGIES) as SimulationOptions['schedule'][]
/** After faults end: how much has to be done, and how long that may take: a lease lost under faults (L3: 30 s at most, as nobody here is slow) and the rest of its volunteer (L6), twice over. */
const PROGRESS_EXAMPLES = 16
const CALM_MS = 60_000

/** What a seed stands for. Seeds in a row go through all strategies. */
export function drawTrial(seed: number): TrialOptions {
  const rng = createRng(`trial ${seed}`)
  const oneOf = <T>(...choices: readonly T[]): T => choices[rng.integer(choices.length)]!
  return {
    seed, schedule: SCHEDULES[seed % SCHEDULES.length]!, faultyMs: 4_000 + rng.integer(8_000),
    volunteers: 1 + rng.integer(5), loss: oneOf(0, 0.01, 0.05), duplicates: oneOf(0, 0.2), reordering: oneOf(0, 0.1, 0.3), partitions: oneOf(0, 0, 1, 2),
    bad: oneOf(0, 0.1, 0.2), crashes: rng.integer(6), fullDisk: rng.integer(4) === 0, clockJumps: oneOf(0, 0, 1, 3), pauses: oneOf(0, 0, 0, 1),
    // Some runs come to their end under faults.
    config: { epochs: oneOf(1, 2, 1000, 1000, 1000, 1000) },
  }
}

/** Throws where a rule is broken, saying how to see it again. */
export async function runTrial(options: TrialOptions): Promise<Trial> {
  try {
    const simulation = new Simulation(options)
    await simulation.run(options.faultyMs, 0)
    // What broke says more than that it stopped.
    const stopped = await progress(simulation).then(() => undefined, (error: unknown) => error)
    const records = await simulation.records()
    checkRules(simulation, records)
    if (stopped !== undefined) throw stopped
    const checkpoints = checkCheckpoints(simulation, records)
    return { simulation, records, checkpoints }
  } catch (error) {
    const { seed, schedule } = options
    throw new Error(`seed ${seed} (${schedule}): ${error instanceof Error ? error.message : String(error)}\nSee it again: npm run simulate:faults -- --from ${seed} --seeds 1`, { cause: error })
  }
}

/** P6: after the faults end, the run makes progress. */
async function progress(simulation: Simulation): Promise<void> {
  const { clock } = simulation, from = clock.now(), before = simulation.host?.status().examples ?? 0
  const done = (): boolean => {
    const status = simulation.host?.status()
    return status !== undefined && (status.state === 'finished' || status.examples >= before + PROGRESS_EXAMPLES)
  }
  while (simulation.failure === undefined && !done() && clock.now() < from + CALM_MS) await clock.run(clock.now() + 500)
  if (simulation.failure !== undefined) throw simulation.failure
  const status = simulation.host?.status()
  invariant(done(), `P6: must make progress within ${CALM_MS} ms of calm, got ${(status?.examples ?? 0) - before} examples, ${status === undefined ? 'no coordinator' : `${status.state} ${JSON.stringify(status.reason)}`}.`)
}

export function checkRules({ witness, payloads, config }: Simulation, records: readonly LogRecord[]): void {
  // D1 D2 V1 V2 A2: each example once an epoch, each update in one version, versions in order, staleness within its bound.
  verifyRecords(records)
  const accepted = new Map(records.filter((record): record is AcceptedRecord => record.type === 'accepted').map((record) => [record.leaseId, record]))
  for (const lease of witness.acknowledged) invariant(accepted.has(lease), `P1: acknowledged lease ${lease} must be in the log.`)
  const models = replay(config, records, accepted, payloads)
  for (const [version, hash] of witness.served) {
    const made = models[version]
    // What was served is in the log, or will be: a version is announced once it is there.
    invariant(made?.hash === hash, `V3: version ${version} must be served as the log replays to, ${made?.hash ?? 'nothing'}, got ${hash}.`)
  }
  for (const update of accepted.values()) {
    // F2: no update is taken for the work of another lease.
    const payload = present(payloads.get(update.payloadHash), `payload of lease ${update.leaseId}`)
    const own = stubGradient(update, present(models[update.modelVersion], `version ${update.modelVersion}`).bytes)
    invariant(Buffer.from(own.buffer).equals(payload), `F2: lease ${update.leaseId} must be accepted with the gradient of its own examples.`)
  }
}

/** Every version again, from the first on (V3), its updates in the reverse of the order that it was made in (N1). */
function replay(config: Simulation['config'], records: readonly LogRecord[], accepted: ReadonlyMap<string, AcceptedRecord>, payloads: ReadonlyMap<string, Uint8Array>): readonly { readonly hash: string; readonly bytes: Uint8Array }[] {
  const aggregation = new Aggregation(numericSetup(config, STUB_LAYOUT), { params: initialParams(STUB_MODEL, config.seed) })
  const models = [aggregation.snapshot()]
  for (const record of records) {
    if (record.type !== 'version') continue
    for (const lease of [...record.leases].reverse()) {
      const { payloadHash, weight, numExamples, modelVersion } = present(accepted.get(lease), `accepted lease ${lease}`)
      const verdict = aggregation.check(lease, payloadHash, present(payloads.get(payloadHash), `payload of lease ${lease}`))
      invariant(verdict.ok, `X1: lease ${lease} must be accepted with a sound update.`)
      aggregation.accumulate(lease, { weight, numExamples, modelVersion, order: orderOf(lease) })
    }
    const scale = config.strategy.schedule.type === 'asynchronous' ? accepted.get(record.leases[0]!)!.weight : 1024
    const made = aggregation.apply(record.version, scale)
    invariant(made.hash === record.hash, `V3: version ${record.version} must replay to ${record.hash}, got ${made.hash}.`)
    models.push(made)
  }
  return models
}
