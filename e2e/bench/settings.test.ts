import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/base/errors.ts'
import { parseSettings } from './settings.ts'

const SIX = ['mnist-mlp', 'mnist-cnn', 'fedavg-cnn', 'textcnn', 'char-gpt', 'resnet-20']

describe('what the benchmarks are asked for', () => {
  it('is all there is, where nothing is named', () => {
    expect(parseSettings(['training'])).toMatchObject({ workloads: SIX, sizes: [512, 1024], peers: ['jaxjs-webgpu', 'tfjs-webgpu', 'jaxjs-wasm'], rounds: 5, checkSteps: 20, again: false })
    expect(parseSettings(['kernels', '--in', 'node'])).toMatchObject({ workloads: SIX, sizes: [512, 1024], peers: ['jaxjs-webgpu', 'tfjs-webgpu'] })
    expect(parseSettings(['memory'])).toMatchObject({ workloads: ['fedavg-cnn'], sizes: [], steps: 1_000 })
  })

  it('is what is named, once', () => {
    expect(parseSettings(['training', '--workloads', 'mnist-mlp,mnist-mlp', '--rounds', '1', '--check-steps', '2'])).toMatchObject({ workloads: ['mnist-mlp'], sizes: [], rounds: 1, checkSteps: 2 })
    expect(parseSettings(['kernels', '--workloads', 'matmul', '--sizes', '128,256,128', '--peers', 'jaxjs-wasm'])).toMatchObject({ workloads: [], sizes: [128, 256], peers: ['jaxjs-wasm'] })
  })

  it('is help where that is wanted', () => expect(parseSettings(['training', '--help'])).toBeUndefined())

  it.each([
    [['kernels', '--check-steps', '3'], '--check-steps: must go with training, got kernels. Leave it out.'],
    [['training', '--steps', '3'], '--steps: must go with memory, got training. Leave it out.'],
    [['memory', '--rounds', '3'], '--rounds: must go with training or kernels, got memory. Leave it out.'],
    [['memory', '--workloads', 'matmul'], '--workloads: must be among'],
    [['kernels', '--workloads', 'mnist-mlp', '--rounds', '3'], '--rounds: must be of use for what is measured, got --workloads mnist-mlp. Leave it out, or name matmul too.'],
    [['training', '--workloads', 'mnist-mlp', '--sizes', '128'], '--sizes: must be of use'],
    [['training', '--workloads', 'matmul', '--check-steps', '3'], '--check-steps: must be of use for what is measured, got --workloads matmul. Leave it out, or name a workload that takes steps too.'],
    [['training', '--rounds', '0'], '--rounds: must be a whole number from 1 on, got "0".'],
    [['training', '--sizes', '512,x'], '--sizes: must be a whole number from 1 on, got "x".'],
    [['memory', '--steps', '1'], '--steps: must be a whole number from 2 on, got "1".'],
    [['training', '--peers', 'jaxjs-wasm', '--in', 'node'], '--peers: must be of WebGPU with --in node'],
    [['traning'], 'bench: must be one of training, kernels, memory, robust, got "traning".'],
    [['training', 'kernels'], 'bench: must be one of'],
    [[], '--help tells of them'],
  ])('is refused where it makes no sense: %j', (args, message) => {
    const parse = (): unknown => parseSettings(args, ['robust'])
    expect(parse).toThrow(ConfigError)
    expect(parse).toThrow(message)
  })
})
