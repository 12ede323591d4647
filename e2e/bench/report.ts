// Tables for the terminal.
import { CONTROL, controlHolds, type MatmulRow, type MemoryRow, type Results, type Timing, type TrainingRow } from './messages.ts'

const mib = (bytes: number): string => bytes === 0 ? '-' : (bytes / 2 ** 20).toFixed(1)
const seconds = (ms: number): string => (ms / 1000).toFixed(1)
/** Steps of a WASM runner are of a millisecond or less. */
const milliseconds = (ms: number): string => ms.toFixed(ms < 10 ? 2 : 1)
const control = (ratio: number): string => `${ratio.toFixed(2)}x${controlHolds(ratio) ? '' : ' (off)'}`

/** Empty where there is nothing to tell, as all reports are. */
export function trainingReport({ workloads, geomean, geomeanOver }: Results): string {
  if (workloads.length === 0) return ''
  const head = ['workload', 'peer', 'ours ms', 'theirs ms', 'times faster', 'control', 'GFLOP/s', 'first step s', 'with caches', 'theirs', 'peak MiB', 'theirs', 'losses agree to']
  const means = Object.entries(geomean).map(([peer, ratio]) => `${ratio.toFixed(1)}x over ${peer}${overOf(geomeanOver[peer])}`)
  return lines([
    `Training steps on ${adaptersOf(workloads)}, medians of samples in turns`, '',
    table(head, workloads.map((row) => [
      row.name, row.peer, milliseconds(row.oursMs), milliseconds(row.peerMs), `${row.ratio.toFixed(1)}x`, control(row.controlRatio), row.gflops.toFixed(2),
      seconds(row.oursFirstStepMs), seconds(row.oursWarmFirstStepMs), seconds(row.peerFirstStepMs), mib(row.oursPeakBytes), mib(row.peerPeakBytes),
      row.lossDifference.toExponential(1),
    ])), '',
    means.length === 0 ? '' : `Geometric means: ${means.join(', ')}`,
    'First steps: from nothing, then "with caches": by a second runner right after the first, with the shaders that the browser kept and the rows that the tuner began with; nothing was tuned in between.',
    lateBuffers(workloads),
    offControls(workloads.map((row) => ({ ...row, title: `${row.name} against ${row.peer}` }))),
  ])
}

export function matmulReport({ matmul }: Results): string {
  if (matmul.length === 0) return ''
  const head = ['size', 'ours on', 'ours', 'peer', 'theirs', 'times faster', 'control']
  return lines([
    'Square products, GFLOP/s, medians of samples in turns', '',
    table(head, matmul.map((row) => [String(row.size), row.adapter, row.ours.toFixed(2), row.peerName, row.peer.toFixed(2), `${row.ratio.toFixed(1)}x`, control(row.controlRatio)])), '',
    offControls(matmul.map((row) => ({ ...row, title: titleOf(row) }))),
  ])
}

const titleOf = ({ size, peerName }: MatmulRow): string => `the product of ${size} against ${peerName}`

export function kernelsReport({ adapter, kernels }: Results): string {
  if (kernels.length === 0) return ''
  return lines([
    `Kernel calls of training steps on ${adapter}, each in its fastest variant`, '',
    table(['workload', 'call', 'ms', 'share', 'GFLOP/s', 'variant', 'dims'], kernels.map((row) => [
      row.workload, row.label, row.ms.toFixed(2), `${Math.round(100 * row.share)}%`, row.gflops.toFixed(2), row.variant, row.dims,
    ])),
  ])
}

export function memoryReport({ memory }: Results): string {
  return lines(memory.flatMap((row) => [
    `GPU memory of ${row.steps} steps of ${row.name}, batch ${row.batchSize}, on ${row.adapter}, ${row.seconds.toFixed(0)} s`, '',
    table(['after step', 'peak MiB', 'buffers made after the first step', 'loss'], row.marks.map(({ step, peakBytes, lateBuffers: made, loss }) => [String(step), mib(peakBytes), String(made), loss.toPrecision(4)])), '',
    `While the tuner measured, between the first step and the second: at most ${mib(row.tuning.peakBytes)} MiB, of which it left ${row.tuning.leftBytes} bytes.`,
    memoryFault(row) === undefined ? 'The peak of steps is constant but for that, and they make no buffer after the first.' : '',
  ]))
}

/** What the issue of memory is about: a peak that grows, or a buffer made late. */
export const memoryFaults = ({ memory }: Results): readonly string[] => memory.map(memoryFault).filter((fault) => fault !== undefined)

/** What a tuner may leave: some bytes for each shape that its pipelines read. */
const LEFT_BYTES = 65_536

function memoryFault({ name, marks: [first, ...later], tuning: { leftBytes } }: MemoryRow): string | undefined {
  if (leftBytes > LEFT_BYTES) return `${name}: must keep at most ${LEFT_BYTES} bytes of what its tuner made, got ${leftBytes}.`
  const most = first!.peakBytes + leftBytes
  const wrong = later.find(({ peakBytes, lateBuffers: made }) => peakBytes > most || made > 0)
  return wrong && `${name}: must hold at most ${most} bytes after the first step and make no buffer, got ${wrong.peakBytes} bytes and ${wrong.lateBuffers} buffers by step ${wrong.step}.`
}

const adaptersOf = (rows: readonly TrainingRow[]): string => [...new Set(rows.map(({ adapter }) => adapter))].join(' and ')

/** Nothing where no workload is missing. */
const overOf = (over: Results['geomeanOver'][string] | undefined): string =>
  over === undefined || over.workloads === over.of ? '' : ` (over ${over.workloads} of ${over.of} workloads)`

function lateBuffers(rows: readonly TrainingRow[]): string {
  const late = rows.filter(({ oursLateBuffers }) => oursLateBuffers > 0)
  return late.length === 0 ? '' : `Ours made GPU buffers after its first step: ${late.map(({ name, peer, oursLateBuffers }) => `${name} against ${peer} ${oursLateBuffers}`).join(', ')}.`
}

function offControls(rows: readonly (Pick<Timing, 'controlRatio' | 'rounds'> & { readonly title: string })[]): string {
  const off = rows.filter(({ controlRatio }) => !controlHolds(controlRatio))
  if (off.length === 0) return ''
  return `Not to be relied on, as ours beside ours should be ${CONTROL.least}x to ${CONTROL.most}x and other work on the machine moved it further: ${off.map(({ title, controlRatio, rounds }) =>
    `${title} (${controlRatio.toFixed(2)}x${rounds === undefined ? '' : ` after ${rounds} rounds`})`).join(', ')}. The same command with --json measures these again.`
}

/** Neighbouring empty lines are one, and none ends it. */
const lines = (parts: readonly string[]): string => parts.join('\n').replaceAll(/\n{3,}/g, '\n\n').trimEnd()

export const printTable = (head: readonly string[], rows: readonly (readonly string[])[]): void => console.log(table(head, rows))

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
  const line = (cells: readonly string[]): string => cells.map((cell, i) => cell.padEnd(widths[i]!)).join('  ').trimEnd()
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
