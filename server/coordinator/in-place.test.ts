// A coordinator changes its state in place, the tests of its rules a copy: both must come to the same, event for event.
// Who is idle is noted as it changes: it must be who would be found by looking through all.
import { isDeepStrictEqual } from 'node:util'
import { expect, it, vi } from 'vitest'
import { restoreRng } from '../../src/base/rng.ts'
import type * as stepping from './step.ts'
import type { CoordinatorState } from './state.ts'
import { drawTrial, runTrial } from './trial.ts'

const compared = vi.hoisted(() => ({ events: 0, differing: [] as string[], misnoted: [] as string[] }))

vi.mock('./step.ts', async (original) => {
  const real = await original<typeof stepping>()
  const copies = new WeakMap<CoordinatorState, CoordinatorState>()
  const step: typeof stepping.step = (state, event, now, rng, change) => {
    const copy = copies.get(state) ?? structuredClone(state)
    const expected = real.step(copy, structuredClone(event), now, restoreRng(rng.state()))
    const got = real.step(state, event, now, rng, change)
    copies.set(got.state, expected.state)
    compared.events++
    if (!isDeepStrictEqual(got, expected)) compared.differing.push(event.type)
    if (!isDeepStrictEqual(foundIdle(got.state), notedIdle(got.state))) compared.misnoted.push(event.type)
    return got
  }
  return { ...real, step }
})

/** L7: nobody who could be given work is overlooked. */
const foundIdle = ({ volunteers }: CoordinatorState): string[] =>
  Object.values(volunteers).filter(({ connected, wantsWork, leaseId }) => connected && wantsWork && leaseId === undefined).map(({ id }) => id).sort()
const notedIdle = ({ idle, awaiting }: CoordinatorState): string[] => [...Object.keys(idle), ...Object.keys(awaiting)].sort()

it('L7: is the same step in place and on a copy, and notes who is idle', async () => {
  for (let seed = 1; seed <= 28; seed++) {
    await runTrial(drawTrial(seed))
    expect(compared.differing, `seed ${seed}`).toEqual([])
    expect(compared.misnoted, `seed ${seed}: who is idle`).toEqual([])
  }
  expect(compared.events).toBeGreaterThan(4_000)
}, 120_000)
