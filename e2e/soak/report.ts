// What a soak says in the terminal, while it goes on and afterwards.
import type { RunStatus } from '../../src/wire/dashboard.ts'
import { printTable } from '../bench/report.ts'
import type { SoakResult } from './soak.ts'

type Counts = Readonly<Record<string, number>>

const count = (counts: Counts): string => Object.entries(counts).filter(([, times]) => times > 0).map(([what, times]) => `${times} ${what}`).join(', ') || 'none'
const percent = (fraction: number): string => `${(fraction * 100).toFixed(1)}%`
const clock = (seconds: number): string => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`

export function describeProgress(run: string, seconds: number, { incarnation, modelVersion, evaluation, volunteers, state }: RunStatus, troubles: Counts): string {
  const connected = volunteers.filter((volunteer) => volunteer.connected).length
  return `${run}  ${clock(seconds)}  ${state}  start ${incarnation}  version ${modelVersion}  ${connected} connected  accuracy ${evaluation === undefined ? '-' : percent(evaluation.accuracy)}  (${count(troubles)})`
}

export function printSoaks(results: readonly SoakResult[]): void {
  console.log()
  printTable(['run', 'minutes', 'tabs', 'best accuracy', 'target', 'reached', 'versions', 'updates', 'recovered in', 'expired', 'refused', 'log'], results.map((soak) => [
    soak.run, (soak.seconds / 60).toFixed(1), String(soak.volunteers), percent(soak.bestAccuracy), percent(soak.target), soak.reachedSeconds === null ? 'no' : clock(soak.reachedSeconds),
    String(soak.log.versions), String(soak.log.accepted), soak.recoverySeconds.map((seconds) => `${seconds.toFixed(1)} s`).join(', '), String(soak.expired), count(soak.refused),
    soak.failures.length === 0 ? 'holds' : 'see below',
  ]))
  for (const { run, troubles, acknowledged } of results) console.log(`${run}: ${count(troubles)}; tabs were seen to be told of ${acknowledged.toLocaleString('en')} accepted examples`)
  for (const { run, seed, failures } of results) for (const failure of failures) console.log(`FAILED ${run}, seed ${seed}: ${failure}`)
}
