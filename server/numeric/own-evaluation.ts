// Evaluates a model on the coordinator's own CPU by WebAssembly: the judge of volunteers' evaluations.
import { product } from '../../src/base/math.ts'
import { identityOrder } from '../../src/data/order.ts'
import { decodeShard, fillBatch } from '../../src/data/shards.ts'
import type { Program } from '../../src/graph/plan.ts'
import { METRICS } from '../../src/kernels/reduce.ts'
import { unpack, type Layout } from '../../src/model/layout.ts'
import { ALLOCATIONS, compileProgram } from '../../src/train/program.ts'
import { createWasmRunner } from '../../src/wasm/runner.ts'
import type { EvaluationPiece, EvaluatorSetup } from './numeric.ts'

const BATCH = 64

export class OwnEvaluation {
  readonly #setup: EvaluatorSetup
  readonly #layout: Layout
  readonly #program: Program

  private constructor(setup: EvaluatorSetup, layout: Layout, program: Program) {
    this.#setup = setup
    this.#layout = layout
    this.#program = program
  }

  static async open(setup: EvaluatorSetup): Promise<OwnEvaluation> {
    const { layout, plans } = compileProgram(setup.model, { batchSize: BATCH })
    // One thread: the others belong to whoever else works on this machine.
    const runner = await createWasmRunner({ threads: 1 })
    return new OwnEvaluation(setup, layout, await runner.load([plans.evaluate]))
  }

  async evaluate(params: Uint8Array, pieces: readonly EvaluationPiece[]): Promise<{ readonly lossSum: number; readonly correct: number }> {
    const packed = new Float32Array(params.slice().buffer)
    this.#program.write(ALLOCATIONS.params, unpack(this.#layout, packed))
    this.#program.clear(ALLOCATIONS.metrics)
    for (const piece of pieces) this.#run(piece)
    const [metrics] = await this.#program.read([ALLOCATIONS.metrics])
    return { lossSum: metrics![METRICS.loss]!, correct: metrics![METRICS.correct]! }
  }

  #run(piece: EvaluationPiece): void {
    const { shape, scale, offset } = this.#setup
    const shard = decodeShard(piece.shard, shape, piece.examples)
    const order = identityOrder(piece.examples)
    for (let done = 0; done < piece.count; done += BATCH) {
      const count = Math.min(BATCH, piece.count - done)
      const x = new Float32Array(BATCH * product(shape)), labels = new Uint32Array(BATCH), weights = new Float32Array(BATCH).fill(1, 0, count)
      fillBatch({ shard, order, start: piece.start + done, count, x, labels, at: 0, scale, offset })
      this.#program.run('evaluate', { x, labels, weights })
    }
  }
}
