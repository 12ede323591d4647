// Answers what a drawing shows with a run's current model, on the visitor's own GPU, or on their CPU where there is none.
import * as Comlink from 'comlink'
import { browserGpu } from '../../gpu/device.ts'
import { createGpuRunner } from '../../gpu/runner.ts'
import type { Program, Runner } from '../../graph/plan.ts'
import { unpack } from '../../model/layout.ts'
import { compileProgram, type CompiledProgram } from '../../train/program.ts'
import { createWasmRunner } from '../../wasm/runner.ts'
import { fetchDescription, type RunDescription } from '../shared/api.ts'

interface Loaded {
  readonly runId: string
  readonly description: RunDescription
  readonly compiled: CompiledProgram
  readonly runner: Runner
  readonly program: Program
}

let loaded: Promise<Loaded> | undefined
let paramsHash = ''

async function load(runId: string): Promise<Loaded> {
  const description = await fetchDescription(runId)
  const compiled = compileProgram(description.model, { batchSize: 1 })
  const runner = await openRunner()
  const program = await runner.load([compiled.plans.predict])
  await program.compiled?.()
  void runner.lost.then(() => { loaded = undefined })
  return { runId, description, compiled, runner, program }
}

async function openRunner(): Promise<Runner> {
  try {
    // One small drawing at a time: measuring variants would take longer than it saves.
    return await createGpuRunner({ gpu: browserGpu(), tune: false })
  } catch (error) {
    if (error instanceof Error && ['NoWebGpuError', 'NoAdapterError'].includes(error.name)) return createWasmRunner({ threads: 1 })
    throw error
  }
}

async function fetched(path: string): Promise<Response> {
  const response = await fetch(path)
  if (!response.ok) throw new Error(`GET ${path}: HTTP ${response.status}`)
  return response
}

const host = {
  /** Fetches this version's params, once. Tells what a page needs to ask for answers. */
  async use(runId: string, modelHash: string): Promise<{ readonly shape: readonly number[]; readonly classNames: readonly string[]; readonly device: string }> {
    loaded ??= load(runId).catch((error: unknown) => {
      loaded = undefined
      throw error
    })
    const { description, compiled, runner, program } = await loaded
    if (paramsHash !== modelHash) {
      const bytes = await (await fetched(`/runs/${runId}/files/${modelHash}`)).arrayBuffer()
      program.write('params', unpack(compiled.layout, new Float32Array(bytes)))
      paramsHash = modelHash
    }
    return { shape: description.dataset.shape, classNames: description.dataset.classNames, device: runner.adapter.name }
  },

  /** Probabilities of the classes for one example of bytes, as in the data set's files. */
  async answer(bytes: Uint8Array): Promise<Float32Array> {
    if (loaded === undefined) throw new Error('model: must be loaded before it answers.')
    const { description: { dataset }, program } = await loaded
    const x = Float32Array.from(bytes, (byte) => byte * dataset.scale + dataset.offset)
    program.run('predict', { x })
    const { logits } = await program.readOutputs('predict', ['logits'])
    return softmax(logits ?? new Float32Array())
  },
}

export type PredictHost = typeof host

function softmax(logits: Float32Array): Float32Array {
  const most = Math.max(...logits)
  const powers = logits.map((logit) => Math.exp(logit - most))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((power) => power / sum)
}

Comlink.expose(host)
