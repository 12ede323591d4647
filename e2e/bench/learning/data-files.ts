// Reads data sets from the folder that `--data-dir` or DATA_DIR names.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadDataset } from '../../../server/datasets.ts'
import { ConfigError } from '../../../src/base/errors.ts'
import type { DataFiles } from './task.ts'

export function createDataFiles(dataDir: string | undefined): DataFiles {
  return {
    dataset: (name) => loadDataset({ name }, dataDir, 1),
    async file(...paths) {
      if (dataDir === undefined) throw new ConfigError(`--data-dir: must name the folder that holds ${paths[0]}, got nothing.`)
      for (const path of paths.map((each) => join(dataDir, each))) {
        const bytes = await readFile(path).catch(() => undefined)
        if (bytes !== undefined) return { path, bytes }
      }
      throw new ConfigError(`--data-dir: must hold ${paths.join(' or ')}, got neither in ${dataDir}.`)
    },
  }
}
