// A training state as safetensors: the model's tensors under their own names, the optimizers' as
// `optimizer/<optimizer>/<slot>/<tensor>`, the step in the metadata. Lossless; files without state are models to fine-tune.
import * as v from 'valibot'
import { ConfigError } from '../base/errors.ts'
import { fromHalves } from '../base/half.ts'
import { decodeSafetensors, encodeSafetensors, isOptimizerTensor, type Metadata, type NamedTensor } from './safetensors.ts'

export type Tensors = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>

export interface TrainingState {
  /** Optimizer steps taken. */
  readonly step: number
  readonly tensors: Tensors
  /** By `<optimizer>/<slot>/<tensor>`. */
  readonly optimizer: Tensors
  /** What a schedule that hears how training goes remembers. */
  readonly schedule?: Readonly<Record<string, number>>
  /** Of training in f16. */
  readonly lossScale?: Readonly<Record<string, number>>
}

const PREFIX = 'optimizer/'
/** Keys of the metadata. */
const STEP = 'step', SCHEDULE = 'schedule', LOSS_SCALE = 'lossScale'

export function encodeTrainingState({ step, tensors, optimizer, schedule, lossScale }: TrainingState, metadata: Metadata = {}): Uint8Array {
  const list = (named: Tensors, prefix: string): readonly NamedTensor[] => Object.entries(named).map(([name, { shape, data }]) => ({ name: prefix + name, shape, dtype: 'F32', data }))
  const remembered = Object.entries({ [SCHEDULE]: schedule, [LOSS_SCALE]: lossScale }).flatMap(([key, values]) => (values === undefined ? [] : [[key, JSON.stringify(values)]]))
  return encodeSafetensors([...list(tensors, ''), ...list(optimizer, PREFIX)], { ...metadata, [STEP]: String(step), ...Object.fromEntries(remembered) })
}

/** Step 0 where the file names none. Throws WireError where it is damaged, ConfigError where what it holds is no state. */
export function decodeTrainingState(file: Uint8Array): TrainingState & { readonly metadata: Metadata } {
  const { tensors, metadata } = decodeSafetensors(file)
  const entries = tensors.map((tensor) => [tensor.name, { shape: tensor.shape, data: floats(tensor) }] as const)
  const step = Number(metadata[STEP] ?? 0)
  if (!Number.isSafeInteger(step) || step < 0) throw new ConfigError(`model file: must have a whole number as step, got "${metadata[STEP]}". Correct its metadata.`)
  return {
    step,
    tensors: Object.fromEntries(entries.filter(([name]) => !isOptimizerTensor(name))),
    optimizer: Object.fromEntries(entries.filter(([name]) => isOptimizerTensor(name)).map(([name, tensor]) => [name.slice(PREFIX.length), tensor])),
    ...(metadata[SCHEDULE] === undefined ? {} : { schedule: numbersOf(metadata[SCHEDULE], SCHEDULE) }),
    ...(metadata[LOSS_SCALE] === undefined ? {} : { lossScale: numbersOf(metadata[LOSS_SCALE], LOSS_SCALE) }),
    metadata,
  }
}

function numbersOf(text: string, key: string): Readonly<Record<string, number>> {
  const { success, output } = v.safeParse(v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.number())), text)
  if (!success) throw new ConfigError(`model file: must have numbers by name as ${key}, got "${text}". Correct its metadata.`)
  return output
}

/** Real numbers of any width as f32; halves exactly. */
function floats({ name, dtype, data }: NamedTensor): Float32Array {
  switch (dtype) {
    case 'F32': return data as Float32Array
    case 'F64': return Float32Array.from(data as Float64Array)
    case 'BF16': return new Float32Array(Uint32Array.from(data as Uint16Array, (bits) => bits << 16).buffer)
    case 'F16': return fromHalves(data as Uint16Array)
    default: throw new ConfigError(`model file: tensor "${name}" must hold real numbers, got ${dtype}. Leave it out of the file.`)
  }
}
