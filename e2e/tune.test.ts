// `commonweight tune` where it cannot do what it is asked.
import { afterEach, expect, it } from 'vitest'
import { endAll, run } from './harness.ts'

afterEach(endAll)

it('refuses f16 storage on an adapter without shader-f16', async () => {
  const { ended, output } = run('tune', '--model', 'mnist-mlp', '--batch', '1', '--software', '--storage', 'f16')
  expect(await ended).toBe(2)
  expect(output()).toMatch(/--storage: must be f32 on SwiftShader \(software\), got f16, for which it lacks shader-f16\./)
})

it('names the storages there are', async () => {
  const { ended, output } = run('tune', '--storage', 'f8')
  expect(await ended).toBe(2)
  expect(output()).toMatch(/'--storage <kind>' argument 'f8' is invalid\. Allowed choices are f32, f16/)
})
