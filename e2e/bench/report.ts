// Tables for the terminal.
import type { Results } from './messages.ts'

const mib = (bytes: number): string => bytes === 0 ? '-' : (bytes / 2 ** 20).toFixed(1)
const seconds = (ms: number): string => (ms / 1000).toFixed(1)

export function printTraining({ adapter, workloads, geomean }: Results): void {
  console.log(`\nTraining steps on ${adapter}, medians of interleaved rounds\n`)
  const head = ['workload', 'peer', 'ours ms', 'theirs ms', 'times faster', 'control', 'GFLOP/s', 'first step s', 'with caches', 'theirs', 'peak MiB', 'theirs', 'losses agree to']
  printTable(head, workloads.map((row) => [
    row.name, row.peer, row.oursMs.toFixed(1), row.peerMs.toFixed(1), `${row.ratio.toFixed(1)}x`, `${row.controlRatio.toFixed(2)}x`, row.gflops.toFixed(2),
    seconds(row.oursFirstStepMs), seconds(row.oursWarmFirstStepMs), seconds(row.peerFirstStepMs), mib(row.oursPeakBytes), mib(row.peerPeakBytes),
    row.lossDifference.toExponential(1),
  ]))
  console.log(`\nGeometric means: ${Object.entries(geomean).map(([peer, ratio]) => `${ratio.toFixed(1)}x over ${peer}`).join(', ')}`)
}

export function printMatmul({ matmul }: Results): void {
  if (matmul.length === 0) return
  console.log('\nSquare products, GFLOP/s\n')
  printTable(['size', 'ours', 'peer', 'theirs'], matmul.map(({ size, ours, peer, theirs }) => [String(size), ours.toFixed(2), peer, theirs.toFixed(2)]))
}

export function printKernels({ adapter, kernels }: Results): void {
  console.log(`\nKernel calls of training steps on ${adapter}, each in its fastest variant\n`)
  printTable(['workload', 'call', 'ms', 'share', 'GFLOP/s', 'variant', 'dims'], kernels.map((row) => [
    row.workload, row.label, row.ms.toFixed(2), `${Math.round(100 * row.share)}%`, row.gflops.toFixed(2), row.variant, row.dims,
  ]))
}

export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
  const line = (cells: readonly string[]): string => cells.map((cell, i) => cell.padEnd(widths[i]!)).join('  ').trimEnd()
  console.log([line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n'))
}
