// Figures of several runs put together, what is left to measure, and what is said of them.
import { describe, expect, it } from 'vitest'
import { piecesOf } from './measure.ts'
import type { BenchHost, MatmulRow, MemoryRow, PeerName, Results, TrainingRow } from './messages.ts'
import { matmulReport, memoryFaults, memoryReport, trainingReport } from './report.ts'
import { extended, NO_RESULTS } from './results.ts'
import { parseSettings } from './settings.ts'

const trained = (name: string, peer: PeerName, { ratio = 2, controlRatio = 1, ...more }: Partial<TrainingRow> = {}): TrainingRow => ({
  name, peer, adapter: peer === 'jaxjs-wasm' ? 'WebAssembly' : 'Some GPU', oursMs: 1, peerMs: ratio, ratio, controlRatio, rounds: 5, gflops: 1, lossDifference: 1e-6, checkedSteps: 20,
  oursFirstStepMs: 1, oursWarmFirstStepMs: 1, peerFirstStepMs: 1, oursPeakBytes: 1, peerPeakBytes: 1, oursLateBuffers: 0, ...more,
})
const multiplied = (size: number, peerName: PeerName, controlRatio = 1): MatmulRow => ({ size, peerName, adapter: 'Some GPU', ours: 8, peer: 2, ratio: 4, controlRatio, rounds: 5 })
const remembered = (...peaks: readonly (readonly [number, number])[]): MemoryRow => ({
  name: 'fedavg-cnn', adapter: 'Some GPU', batchSize: 64, steps: 100, seconds: 9, tuning: { peakBytes: 5, leftBytes: 0 },
  marks: peaks.map(([peakBytes, lateBuffers], i) => ({ step: 10 ** i, peakBytes, lateBuffers, loss: 1 })),
})
const titles = (args: readonly string[], known: Results): readonly string[] => piecesOf(parseSettings(args)!, known).map(({ title }) => title)

describe('results', () => {
  it('keep the newest of each pair', () => {
    const old = extended(NO_RESULTS, { workloads: [trained('mnist-mlp', 'jaxjs-webgpu'), trained('mnist-mlp', 'jaxjs-wasm')], matmul: [multiplied(512, 'jaxjs-webgpu'), multiplied(512, 'jaxjs-wasm')] })
    const both = extended(old, { workloads: [trained('mnist-mlp', 'jaxjs-wasm', { ratio: 9 })], matmul: [multiplied(512, 'jaxjs-wasm', 1.05), multiplied(1024, 'jaxjs-wasm')] })
    expect(both.workloads.map(({ peer, ratio }) => [peer, ratio])).toEqual([['jaxjs-webgpu', 2], ['jaxjs-wasm', 9]])
    expect(both.matmul.map(({ size, peerName, controlRatio }) => [size, peerName, controlRatio])).toEqual([[512, 'jaxjs-webgpu', 1], [512, 'jaxjs-wasm', 1.05], [1024, 'jaxjs-wasm', 1]])
  })

  it('say over which workloads a mean is', () => {
    const results = extended(NO_RESULTS, { workloads: [
      trained('mnist-mlp', 'tfjs-webgpu', { ratio: 2 }), trained('mnist-cnn', 'tfjs-webgpu', { ratio: 8 }), trained('digits-cnn', 'tfjs-webgpu', { ratio: 100 }),
      ...['mnist-mlp', 'mnist-cnn', 'fedavg-cnn', 'textcnn', 'char-gpt', 'resnet-20'].map((name) => trained(name, 'jaxjs-webgpu', { ratio: 3 })),
    ] })
    expect(results.geomean['tfjs']).toBeCloseTo(4, 12)
    expect(results.geomean['jaxjs']).toBeCloseTo(3, 12)
    expect(results.geomeanOver).toEqual({ tfjs: { workloads: 2, of: 6 }, jaxjs: { workloads: 6, of: 6 } })
    expect(trainingReport(results)).toContain('Geometric means: 4.0x over tfjs (over 2 of 6 workloads), 3.0x over jaxjs\n')
  })
})

describe('what is left to measure', () => {
  const known = extended(NO_RESULTS, {
    workloads: [trained('mnist-mlp', 'jaxjs-webgpu'), trained('mnist-mlp', 'jaxjs-wasm', { controlRatio: 0.8 })], matmul: [multiplied(512, 'jaxjs-webgpu'), multiplied(512, 'jaxjs-wasm', 1.2)], memory: [remembered([1, 0])],
  })
  const asked = ['training', '--workloads', 'mnist-mlp,matmul', '--sizes', '512,1024', '--peers', 'jaxjs-webgpu,jaxjs-wasm']

  it('is what is not known, and what has a control that does not hold', () => expect(titles(asked, known)).toEqual([
    'mnist-mlp against jaxjs-wasm', 'product of 512 against jaxjs-wasm', 'product of 1024 against jaxjs-webgpu', 'product of 1024 against jaxjs-wasm',
  ]))

  it('is everything once more where that is asked for', () => expect(titles([...asked, '--again'], known)).toEqual(titles(asked, NO_RESULTS)))

  it('is a run of memory where it had another number of steps', () => {
    expect(titles(['memory', '--steps', '100'], known)).toEqual([])
    expect(titles(['memory', '--steps', '1000'], known)).toEqual(['memory of 1000 steps of fedavg-cnn'])
  })

  it('takes kernel calls of the workloads that have none, in one piece', () => {
    const half = { ...NO_RESULTS, kernels: [{ workload: 'mnist-mlp', label: '', dims: '', variant: '', ms: 1, gflops: 1, share: 1, tried: [] }] }
    expect(titles(['kernels', '--workloads', 'mnist-mlp,mnist-cnn,textcnn'], half)).toEqual(['kernel calls of mnist-cnn, textcnn'])
    expect(titles(['kernels', '--workloads', 'mnist-mlp'], half)).toEqual([])
  })

  it('asks with the settings, and takes the adapter of WebGPU alone for the file\'s', async () => {
    const asks: unknown[] = []
    const host: BenchHost = {
      run: (async (bench: string, options: { peer: PeerName }) => {
        asks.push([bench, options])
        return bench === 'matmul' ? { ...multiplied(128, options.peer), adapter: options.peer === 'jaxjs-wasm' ? 'WebAssembly' : 'Some GPU' } : trained('mnist-mlp', options.peer)
      }) as BenchHost['run'],
      close: () => undefined,
    }
    const pieces = piecesOf(parseSettings(['training', '--workloads', 'mnist-mlp,matmul', '--sizes', '128', '--rounds', '2', '--check-steps', '4', '--peers', 'jaxjs-webgpu,jaxjs-wasm'])!, NO_RESULTS)
    let results = NO_RESULTS
    for (const piece of pieces) results = extended(results, await piece.measure(host))
    expect(asks).toEqual([
      ['training', { workload: 'mnist-mlp', peer: 'jaxjs-webgpu', rounds: 2, checkSteps: 4 }], ['training', { workload: 'mnist-mlp', peer: 'jaxjs-wasm', rounds: 2, checkSteps: 4 }],
      ['matmul', { size: 128, peer: 'jaxjs-webgpu', rounds: 2 }], ['matmul', { size: 128, peer: 'jaxjs-wasm', rounds: 2 }],
    ])
    expect(results.adapter).toBe('Some GPU')
  })
})

describe('reports', () => {
  it('mark rows whose control does not hold, and name them below', () => {
    const report = trainingReport(extended(NO_RESULTS, { workloads: [trained('mnist-mlp', 'jaxjs-wasm', { controlRatio: 0.8, rounds: 20 }), trained('mnist-cnn', 'jaxjs-wasm', { controlRatio: 1.104 })] }))
    expect(report).toContain('0.80x (off)')
    expect(report).toMatch(/1\.10x {2}/)
    expect(report.split('\n').at(-1)).toMatch(/^Not to be relied on.*: mnist-mlp against jaxjs-wasm \(0\.80x after 20 rounds\)\. /)
    expect(matmulReport({ ...NO_RESULTS, matmul: [multiplied(512, 'tfjs-webgpu', 1.3)] })).toContain('the product of 512 against tfjs-webgpu (1.30x after 5 rounds)')
  })

  it('say nothing of controls that hold, and nothing at all of nothing', () => {
    const report = trainingReport(extended(NO_RESULTS, { workloads: [trained('mnist-mlp', 'jaxjs-wasm')] }))
    expect(report).not.toContain('relied')
    expect(report).not.toContain('Ours made GPU buffers')
    expect([trainingReport(NO_RESULTS), matmulReport(NO_RESULTS)]).toEqual(['', ''])
  })

  it('name rows in which ours made buffers after its first step', () => expect(trainingReport(extended(NO_RESULTS, { workloads: [trained('textcnn', 'jaxjs-webgpu', { oursLateBuffers: 3 })] })))
    .toContain('Ours made GPU buffers after its first step: textcnn against jaxjs-webgpu 3.'))

  it('find a peak that grows, and a buffer made late', () => {
    const of = (row: MemoryRow): Results => ({ ...NO_RESULTS, memory: [row] })
    const constant = of(remembered([2 ** 20, 0], [2 ** 20, 0], [2 ** 20, 0]))
    expect(memoryFaults(constant)).toEqual([])
    expect(memoryReport(constant)).toContain('The peak of steps is constant')
    expect(memoryFaults(of(remembered([100, 0], [100, 0], [101, 0])))).toEqual(['fedavg-cnn: must hold at most 100 bytes after the first step and make no buffer, got 101 bytes and 0 buffers by step 100.'])
    expect(memoryFaults(of(remembered([100, 0], [100, 1], [100, 2])))[0]).toContain('1 buffers by step 10.')
    expect(memoryReport(of(remembered([100, 0], [101, 0])))).not.toContain('constant')
  })

  it('allow for the bytes that a tuner leaves, if they are few', () => {
    const left = (leftBytes: number): Results => ({ ...NO_RESULTS, memory: [{ ...remembered([100, 0], [148, 0]), tuning: { peakBytes: 500, leftBytes } }] })
    expect(memoryFaults(left(48))).toEqual([])
    expect(memoryReport(left(48))).toContain('of which it left 48 bytes')
    expect(memoryFaults(left(47))).toHaveLength(1)
    expect(memoryFaults(left(100_000))[0]).toContain('must keep at most 65536 bytes of what its tuner made')
  })
})
