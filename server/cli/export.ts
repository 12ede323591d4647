// `commonweight export`: a run's model as a file that other tools read, from its state folder, without starting it.
import { writeFile } from 'node:fs/promises'
import { ConfigError } from '../../src/base/errors.ts'
import { nearest } from '../../src/base/registry.ts'
import { modelToSafetensors } from '../../src/codec/safetensors.ts'
import { encodeTrainingState } from '../../src/codec/training-state.ts'
import { exportOnnx } from '../../src/onnx/export-model.ts'
import { createNodeDisk } from '../store/node-disk.ts'
import { readStoredModel, type StoredModel } from '../stored-model.ts'
import { logFolder, ofRun, requireUnused, storedRunNamed } from './stored-run.ts'

export interface ExportOptions {
  readonly stateDir: string
  /** The only run of the folder where absent. */
  readonly run?: string
  readonly to: string
  /** Whether the optimizer's state goes into a safetensors file too. */
  readonly optimizer: boolean
}

type Metadata = Readonly<Record<string, string>>

const FORMATS: Readonly<Record<string, (model: StoredModel, metadata: Metadata, optimizer: boolean) => Uint8Array>> = {
  onnx: ({ spec, params }, metadata) => exportOnnx(spec, params, metadata),
  safetensors: ({ layout, params, state }, metadata, optimizer) => (optimizer ? encodeTrainingState(state, metadata) : modelToSafetensors(layout, params, metadata)),
}

export async function exportModel({ stateDir, run, to, optimizer }: ExportOptions): Promise<void> {
  const encode = formatOf(to, optimizer)
  const name = storedRunNamed(stateDir, run)
  requireUnused(stateDir, 'read')
  const disk = await createNodeDisk(logFolder(stateDir, name))
  try {
    const model = await ofRun(stateDir, name, () => readStoredModel(disk))
    const bytes = encode(model, { run: name, model: model.spec.name, modelVersion: String(model.version), step: String(model.state.step) }, optimizer)
    await writeFile(to, bytes).catch((cause: Error) => {
      throw new ConfigError(`--to: must be a file that can be written, got ${to} (${cause.message}).`, { cause })
    })
    console.log(`${to}: ${model.spec.name}, version ${model.version} of ${name}, ${model.layout.packedSize} params, ${bytes.length} bytes`)
  } finally {
    await disk.close()
  }
}

function formatOf(to: string, optimizer: boolean): NonNullable<(typeof FORMATS)[string]> {
  const extension = /\.(\w+)$/.exec(to)?.[1] ?? ''
  const format = FORMATS[extension]
  if (format === undefined) throw new ConfigError(`--to: must end in ${Object.keys(FORMATS).map((key) => `.${key}`).join(' or ')}, got "${to}". ${extension === '' ? 'Add one of them.' : nearest(extension, Object.keys(FORMATS))}`)
  if (optimizer && extension !== 'safetensors') throw new ConfigError(`--optimizer: must go into a .safetensors file, got "${to}". Leave it out, or change --to.`)
  return format
}
