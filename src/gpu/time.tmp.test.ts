import { test } from 'vitest'
import { kernels } from '../kernels/index.ts'
import { allVariants, fits } from './candidates.ts'
import { openDevice } from './device.ts'
import { createPipelines } from './pipelines.ts'
import { probe, probeArrays } from './probe.ts'
import { testGpu } from './test-gpu.ts'
const cpu = (): number => { const u = process.cpuUsage(); return (u.user + u.system) / 1000 }
test('time', async () => {
  const { device, capabilities } = await openDevice((await testGpu())!)
  for (const name of ['norm', 'matmul', 'conv2d', 'reduce', 'elementwise-loss-gradient', 'attention', 'norm-param-gradient', 'batch-normalise', 'adam']) {
    const kernel = kernels.get(name)
    const pipelines = createPipelines(device)
    const pairs = allVariants(kernel).flatMap((variant) => kernel.probes.filter((dims) => fits(variant, dims, capabilities)).map((dims) => ({ variant, dims })))
    const t0 = cpu()
    for (const { variant, dims } of pairs) await pipelines.get(kernel, dims, variant)
    const t1 = cpu()
    for (const { variant, dims } of pairs) await probe({ device, pipelines, kernel, dims, variant, tolerance: 'balanced' })
    const t2 = cpu()
    for (const { dims } of pairs) { const a = probeArrays(kernel, dims); kernel.reference(dims, a) }
    const t3 = cpu()
    console.log(name, pairs.length, 'compile', ((t1 - t0) / pairs.length).toFixed(1), 'probe', ((t2 - t1) / pairs.length).toFixed(1), 'of it reference', ((t3 - t2) / pairs.length).toFixed(1), 'total s', ((t2 - t0) / 1000).toFixed(1))
  }
}, 600_000)
