// The runs of the soak, on the built-in digits, and the accuracy that each must reach in spite of everything.

export interface SoakRun {
  readonly name: string
  /** Of the test split. */
  readonly target: number
  /** What the run file says besides the end-to-end tests' own (harness.ts). */
  readonly changes: Readonly<Record<string, unknown>>
}

/** A perceptron does not get beyond 94% on so few images, however long it trains. */
const shared = { dataset: { name: 'digits', trainExamples: 6_000, testExamples: 500 }, model: 'digits-cnn', batchSize: 32, epochs: 1_000_000, evaluation: { everyExamples: 2_000 } }

export const soakRuns: readonly SoakRun[] = [
  {
    name: 'fed-avg', target: 0.95,
    changes: {
      ...shared,
      strategy: { preset: 'fed-avg', schedule: { participants: 6, deadlineMs: 5_000, quorum: 0.5 } },
      partition: { parts: 24, by: { name: 'dirichlet', alpha: 1 } },
    },
  },
  {
    name: 'async-sgd', target: 0.95,
    changes: { ...shared, strategy: { preset: 'async-sgd', serverOptimizer: { learningRate: 0.3 } } },
  },
]
