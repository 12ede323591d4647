// Tables for the terminal.
import type { KernelsReport, TrainingReport } from './messages.ts'

export function printTraining({ adapter, workloads }: TrainingReport): void {
  console.log(`\nTraining steps on ${adapter}, medians of interleaved rounds\n`)
  printTable(['workload', 'ours ms', 'peer', 'peer ms', 'times faster', 'control', 'GFLOP/s', 'first step s', 'peer first s', 'losses agree to'], workloads.map((row) => [
    row.name, row.oursMs.toFixed(1), row.peer, row.peerMs.toFixed(1), `${row.ratio.toFixed(1)}x`, `${row.controlRatio.toFixed(2)}x`, row.gflops.toFixed(2),
    (row.oursFirstStepMs / 1000).toFixed(1), (row.peerFirstStepMs / 1000).toFixed(1), row.lossDifference.toExponential(1),
  ]))
}

export function printKernels({ adapter, kernels }: KernelsReport): void {
  console.log(`\nKernel calls of training steps on ${adapter}, each in its fastest variant\n`)
  printTable(['workload', 'call', 'ms', 'share', 'GFLOP/s', 'variant', 'dims'], kernels.map((row) => [
    row.workload, row.label, row.ms.toFixed(2), `${Math.round(100 * row.share)}%`, row.gflops.toFixed(2), row.variant, row.dims,
  ]))
}

function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
  const line = (cells: readonly string[]): string => cells.map((cell, i) => cell.padEnd(widths[i]!)).join('  ').trimEnd()
  console.log([line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n'))
}
