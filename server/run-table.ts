// The runs of one coordinator by id; the first is the default. People may also say a run's name, as in `?run=mnist-mlp`:
// its id changes when it is begun anew, its name does not.
import type { RunHost } from './run-host.ts'

export type RunTable = ReadonlyMap<string, RunHost>

export function findHost(runs: RunTable, idOrName: string | undefined): RunHost | undefined {
  if (idOrName === undefined) return runs.values().next().value
  return runs.get(idOrName) ?? [...runs.values()].find(({ config }) => config.name === idOrName)
}
