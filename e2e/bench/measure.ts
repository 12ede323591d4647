// What a command has to measure, piece by piece: each in a browser or a process of its own.
import { controlHolds, isWasm, type BenchHost, type Results, type Timing } from './messages.ts'
import type { Settings } from './settings.ts'

/** One thing to measure, and what comes of it. */
export interface Piece {
  readonly title: string
  measure(host: BenchHost): Promise<Partial<Results>>
}

/** All that was asked for and is not in `known`; with `again`, all. A row whose control does not hold counts as unknown. */
export function piecesOf(settings: Settings, known: Results): readonly Piece[] {
  if (settings.bench === 'memory') return memoryPieces(settings, known)
  return settings.bench === 'training' ? [...trainingPieces(settings, known), ...matmulPieces(settings, known)] : [...matmulPieces(settings, known), ...kernelPieces(settings, known)]
}

const holds = (row: Pick<Timing, 'controlRatio'> | undefined): boolean => row !== undefined && controlHolds(row.controlRatio)

function trainingPieces({ workloads, peers, rounds, checkSteps, again }: Settings, known: Results): readonly Piece[] {
  return workloads.flatMap((workload) => peers.map((peer) => ({ workload, peer })))
    .filter(({ workload, peer }) => again || !holds(known.workloads.find((row) => row.name === workload && row.peer === peer)))
    .map(({ workload, peer }) => ({
      title: `${workload} against ${peer}`,
      async measure(host) {
        const row = await host.run('training', { workload, peer, rounds, checkSteps })
        return { ...(isWasm(peer) ? {} : { adapter: row.adapter }), workloads: [row] }
      },
    }))
}

function matmulPieces({ sizes, peers, rounds, again }: Settings, known: Results): readonly Piece[] {
  return sizes.flatMap((size) => peers.map((peer) => ({ size, peer })))
    .filter(({ size, peer }) => again || !holds(known.matmul.find((row) => row.size === size && row.peerName === peer)))
    .map(({ size, peer }) => ({
      title: `product of ${size} against ${peer}`,
      async measure(host) {
        const row = await host.run('matmul', { size, peer, rounds })
        return { ...(isWasm(peer) ? {} : { adapter: row.adapter }), matmul: [row] }
      },
    }))
}

/** All workloads in one: calls that are the same are measured once. */
function kernelPieces({ workloads: asked, again }: Settings, known: Results): readonly Piece[] {
  const workloads = asked.filter((workload) => again || !known.kernels.some((row) => row.workload === workload))
  return workloads.length === 0 ? [] : [{ title: `kernel calls of ${workloads.join(', ')}`, measure: (host) => host.run('kernels', { workloads }) }]
}

function memoryPieces({ workloads, steps, again }: Settings, known: Results): readonly Piece[] {
  return workloads.filter((workload) => again || !known.memory.some((row) => row.name === workload && row.steps === steps)).map((workload) => ({
    title: `memory of ${steps} steps of ${workload}`,
    async measure(host) {
      const row = await host.run('memory', { workload, steps })
      return { adapter: row.adapter, memory: [row] }
    },
  }))
}
