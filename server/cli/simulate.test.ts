import { describe, expect, it } from 'vitest'
import { drawChart } from '../simulate/chart.ts'
import type { SimulationReport } from '../simulate/report.ts'
import { DEFAULT_WORLD } from '../simulate/world.ts'
import { createStubRun } from '../stub-run.ts'
import { plot } from './plot.ts'
import { parsePartition, runSimulation, type SimulateFlags } from './simulate.ts'

const flags: SimulateFlags = { ...DEFAULT_WORLD, run: 'digits-cnn', volunteers: 4, seed: 1 }

describe('--partition', () => {
  it.each([['iid', 'iid'], ['dirichlet', 'dirichlet'], ['dirichlet:0.1', { name: 'dirichlet', alpha: 0.1 }], ['label-shards:2', { name: 'label-shards', shardsPerVolunteer: 2 }]] as const)('%s', (text, choice) => expect(parsePartition(text)).toEqual(choice))

  it.each([['dirichlt:0.5', /Did you mean "dirichlet"/], ['iid:3', /a number where it takes one/], ['dirichlet:x', /dirichlet:ALPHA/], ['dirichlet:', /got "dirichlet:"/]] as const)('refuses %s', (text, message) => expect(() => parsePartition(text)).toThrow(message))
})

describe('simulate refuses', () => {
  it.each([
    [{ partition: 'iid' }, /must go with a run that divides its data, got run "digits-cnn"/],
    [{ attack: 'bit-flip' }, /must be given together, got only --attack\./],
    [{ attack: 'bit-flop', attackers: 2 }, /Did you mean "bit-flip"/],
    [{ attack: 'bit-flip', attackers: 4 }, /fewer than the 4 volunteers/],
    [{ stop: 'round>=3' }, /Did you mean "rounds>="/],
    [{ run: 'digit-cnn' }, /Did you mean "digits-cnn"/],
  ] as const)('%j', async (wrong, message) => { await expect(runSimulation({ ...flags, ...wrong })).rejects.toThrow(message) })
})

it('draws a curve from its lowest to its highest point', () => {
  const lines = plot({ points: [{ x: 0, y: 0 }, { x: 10, y: 1 }], formatX: (x) => `${x} s`, formatY: (y) => `${100 * y}%` })
  expect(lines[0]).toMatch(/^100% \u2800+.*[^\u2800]$/)
  expect(lines.at(-2)).toMatch(/^ {2}0% [^\u2800].*\u2800+$/)
  expect(lines.at(-1)).toMatch(/^ +0 s +10 s$/)
  expect(plot({ points: [{ x: 1, y: 1 }], formatX: String, formatY: String })).toEqual([])
})

it('draws charts of finite numbers, whatever there is to draw', () => {
  const figures = { min: 0, quartiles: [1, 2, 3], max: 4 } as const
  const report: SimulationReport = {
    run: 'r', seed: 1, outcome: 'met', reason: '', rounds: null, versions: 2, examples: 20, virtualSeconds: 3, bytesUp: 1, bytesDown: 2, staleness: [3, 1], leases: { accepted: 4, refused: {}, expired: 0 }, dropouts: 0,
    curve: [{ version: 1, virtualSeconds: 1, examples: 10, loss: 2, accuracy: 0.5 }, { version: 2, virtualSeconds: 3, examples: 20, loss: 1, accuracy: 0.5 }],
    volunteers: { count: 5, attackers: 0, examplesPerSecond: figures, acceptedLeases: figures, examples: figures, bytesUp: figures }, world: DEFAULT_WORLD, config: { ...createStubRun('r').config, title: 'A < B & C' }, wallSeconds: 1,
  }
  for (const each of [report, { ...report, staleness: [] }, { ...report, curve: report.curve.slice(1) }, { ...report, curve: [], staleness: [] }]) {
    const svg = drawChart(each)
    expect(svg).toContain('A &lt; B &amp; C')
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  }
})
