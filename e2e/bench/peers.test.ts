import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

describe('the peers', () => {
  it('are pinned, in package-lock.json too', () => {
    const read = (file: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, '../..', file), 'utf8'))
    const { devDependencies } = read('package.json') as { devDependencies: Record<string, string> }
    const { packages } = read('package-lock.json') as { packages: Record<string, { version?: string; devDependencies?: Record<string, string> }> }
    for (const peer of ['@jax-js/jax', '@tensorflow/tfjs', '@tensorflow/tfjs-backend-webgpu']) {
      expect(devDependencies[peer]).toMatch(/^\d+\.\d+\.\d+$/)
      expect(packages['']!.devDependencies![peer]).toBe(devDependencies[peer])
      expect(packages[`node_modules/${peer}`]!.version).toBe(devDependencies[peer])
    }
  })
})
