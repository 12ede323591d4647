// Attackers who know each other and every honest update of the model version that they attack: each waits with its own
// until all honest ones are computed, then forges it from them.
import { InvariantError } from '../../src/base/errors.ts'
import type { Attack } from '../../src/fed/attacks.ts'

/** Versions whose honest updates are remembered. */
const VERSIONS = 3

interface Version {
  readonly updates: Float32Array[]
  /** Honest leases at it that are still being computed. */
  readonly open: Set<string>
  /** Attackers who wait for them. */
  waiting: (() => void)[]
}

export interface Conspiracy {
  readonly relabel: (label: number) => number
  /** An honest volunteer begins with a lease; it ends with an update, or with none. */
  began(modelVersion: number, leaseId: string): void
  ended(modelVersion: number, leaseId: string, update?: Float32Array): void
  /** What an attacker sends instead of `own`. Rejects where `signal` aborts. */
  forge(modelVersion: number, own: Float32Array, signal: AbortSignal): Promise<Float32Array>
}

export function createConspiracy(attack: Attack, classes: number): Conspiracy {
  const versions = new Map<number, Version>()
  const at = (version: number): Version => {
    const known = versions.get(version) ?? { updates: [], open: new Set<string>(), waiting: [] }
    versions.set(version, known)
    for (const oldest of [...versions.keys()].slice(0, -VERSIONS)) forget(oldest)
    return known
  }
  const forget = (version: number): void => {
    const old = versions.get(version)
    versions.delete(version)
    for (const go of old?.waiting ?? []) go()
  }
  /** Those of the same version, else the latest there are. */
  const honest = (version: number): readonly Float32Array[] => {
    const same = versions.get(version)?.updates ?? []
    return same.length > 0 ? same : [...versions.values()].findLast(({ updates }) => updates.length > 0)?.updates ?? []
  }
  return {
    relabel: (label) => attack.relabel(label, classes),
    began: (version, leaseId) => void at(version).open.add(leaseId),
    ended(version, leaseId, update) {
      const known = versions.get(version)
      if (known?.open.delete(leaseId) !== true) return
      if (update !== undefined) known.updates.push(update)
      if (known.open.size === 0) for (const go of known.waiting.splice(0)) go()
    },
    async forge(version, own, signal) {
      while ((versions.get(version)?.open.size ?? 0) > 0) {
        await new Promise<void>((resolve) => {
          at(version).waiting.push(resolve)
          signal.addEventListener('abort', () => resolve(), { once: true })
        })
        signal.throwIfAborted()
      }
      const updates = honest(version)
      const forged = attack.forge(own, updates.length > 0 ? updates : [own])
      if (forged.length !== own.length) throw new InvariantError(`attack: must forge an update of ${own.length} numbers, got ${forged.length}.`)
      return forged
    },
  }
}
