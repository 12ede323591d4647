// Finds which call of a Plan first made a NaN or an infinity, by running it again with what calls compute laid open. Values
// that lie in shared scratch memory would be overwritten before they can be read, so the Plan is replayed in stretches, each
// a little longer than the last, and only the calls of the stretch keep what they write.
import { present } from '../base/errors.ts'
import { roundUp } from '../base/math.ts'
import { bytesOfElement } from '../kernels/kernel.ts'
import type { Allocation, HostArray, KernelCall, Plan, PlanPort, Runner, View } from './plan.ts'

export interface ReplayRequest {
  readonly runner: Runner
  readonly plan: Plan
  /** Contents of persistent allocations before the run; zeros where absent. */
  readonly persistent: Readonly<Record<string, Float32Array>>
  readonly inputs: Readonly<Record<string, HostArray>>
}

export interface Values {
  readonly count: number
  readonly nan: number
  readonly infinite: number
  /** Largest magnitude among the finite ones. */
  readonly largest: number
}

export interface Diagnosis {
  /** Node and kernel of the call. */
  readonly label: string
  readonly kernel: string
  readonly output: Values
  readonly inputs: readonly { readonly buffer: string; readonly from: string; readonly values: Values }[]
}

/** Bytes that one stretch may lay open besides the Plan's own memory. */
const MOST_OPEN_BYTES = 64 * 2 ** 20

/** Undefined where every value is finite. */
export async function diagnose(request: ReplayRequest): Promise<Diagnosis | undefined> {
  const { plan } = request
  const tensors = instances(plan)
  const known = new Map<string, { from: string; values: Values }>(sourcesOf(request))
  const look = (call: number, key: string): { from: string; values: Values } | undefined =>
    known.get(tensors[call]![key]!) ?? known.get(place(plan, plan.calls[call]!.views[key]!))
  for (let start = 0; start < plan.calls.length;) {
    const end = stretch(plan, tensors, start)
    const opened = await replay(request, tensors, { start, end })
    for (let at = start; at < end; at++) {
      const { kernel, label, views } = plan.calls[at]!
      const keys = Object.keys(views).filter((key) => views[key]!.element !== 'u32')
      const written = keys.filter((key) => kernel.buffers[key]!.access !== 'read').map((key) => ({ key, values: measure(present(opened.get(`${at} ${key}`), `${label} ${key}`)) }))
      const bad = written.find(({ values }) => values.nan + values.infinite > 0)
      if (bad !== undefined) {
        const inputs = keys.filter((key) => kernel.buffers[key]!.access !== 'write').flatMap((buffer) => {
          const found = look(at, buffer)
          return found === undefined ? [] : [{ buffer, ...found }]
        })
        return { label, kernel: kernel.name, output: bad.values, inputs }
      }
      for (const { key, values } of written) known.set(tensors[at]![key]!, { from: label, values })
    }
    start = end
  }
  return undefined
}

/** For people: what first went wrong, and how large the numbers were that it was made of. */
export function describeDiagnosis({ label, kernel, output, inputs }: Diagnosis): string {
  const wrong = [output.nan > 0 ? 'NaN' : '', output.infinite > 0 ? 'infinity' : ''].filter(Boolean).join(' and ')
  const read = inputs.map(({ buffer, from, values }) => `${buffer} from ${from}, ${values.nan + values.infinite > 0 ? 'not finite itself' : `finite up to ${values.largest.toPrecision(3)}`}`)
  return `${label} (${kernel.split(' ')[0]}) first gave ${wrong}, in ${output.nan + output.infinite} of ${output.count} numbers${read.length === 0 ? '' : `; it read ${read.join('; ')}`}`
}

export function measure(array: ArrayLike<number>): Values {
  let nan = 0, infinite = 0, largest = 0
  for (let i = 0; i < array.length; i++) {
    const size = Math.abs(array[i]!)
    if (Number.isNaN(size)) nan++
    else if (size === Infinity) infinite++
    else if (size > largest) largest = size
  }
  return { count: array.length, nan, infinite, largest }
}

/** For each call, which tensor each of its buffers holds: allocation and number of the write that began it. */
function instances(plan: Plan): readonly Readonly<Record<string, string>>[] {
  const writes = new Map<string, number>()
  return plan.calls.map(({ kernel, views }, at) => {
    for (const [key, view] of Object.entries(views)) if (kernel.buffers[key]!.access === 'write') writes.set(place(plan, view), at)
    return Object.fromEntries(Object.entries(views).map(([key, view]) => [key, `${place(plan, view)} #${writes.get(place(plan, view)) ?? -1}`]))
  })
}

const place = (plan: Plan, { allocation, offsetBytes, length }: View): string => `${plan.allocations[allocation]!.name}@${offsetBytes}+${length}`

/** What was there before the run. */
function sourcesOf({ plan, persistent, inputs }: ReplayRequest): readonly (readonly [string, { from: string; values: Values }])[] {
  const given = Object.entries(plan.inputs).map(([name, { view }]) => [place(plan, view), { from: name, values: measure(inputs[name] ?? []) }] as const)
  const kept = plan.calls.flatMap(({ views }) => Object.values(views)).flatMap((view) => {
    const { name, role } = plan.allocations[view.allocation]!
    const array = persistent[name]
    if (role !== 'persistent' || array === undefined) return []
    return [[place(plan, view), { from: name, values: measure(array.subarray(view.offsetBytes / 4, view.offsetBytes / 4 + view.length)) }] as const]
  })
  return [...given, ...kept]
}

/** The end of the longest stretch in which nothing that a call writes is written over by a later one. */
function stretch(plan: Plan, tensors: ReturnType<typeof instances>, start: number): number {
  const open = new Set<string>()
  let bytes = 0
  for (let at = start; at < plan.calls.length; at++) {
    const writes = writesOf(plan.calls[at]!)
    // Persistent memory is never laid open anew, so any part of it that is written again ends the stretch.
    const marks = writes.map(([key, view]) => (plan.allocations[view.allocation]!.role === 'persistent' && updates(plan.calls[at]!, key) ? plan.allocations[view.allocation]!.name : tensors[at]![key]!))
    bytes += writes.reduce((sum, [, view]) => sum + bytesOf(view), 0)
    if (at > start && (bytes > MOST_OPEN_BYTES || marks.some((mark) => [...open].some((other) => other === mark || other.startsWith(`${mark}@`))))) return at
    for (const mark of marks) open.add(mark)
  }
  return plan.calls.length
}

const bytesOf = ({ length, element }: View): number => roundUp(length * bytesOfElement(element), 4)
const updates = ({ kernel }: KernelCall, key: string): boolean => kernel.buffers[key]!.access === 'update'
const writesOf = (call: KernelCall): readonly (readonly [string, View])[] => Object.entries(call.views).filter(([key]) => call.kernel.buffers[key]!.access !== 'read')

/** Runs the Plan up to `end` and returns what the calls from `start` on wrote, by `<call> <buffer>`. */
async function replay({ runner, plan, persistent, inputs }: ReplayRequest, tensors: ReturnType<typeof instances>, { start, end }: { start: number; end: number }): Promise<ReadonlyMap<string, Float32Array>> {
  const open = openPlan(plan, tensors, { start, end })
  const program = await runner.load([open.plan])
  try {
    for (const [name, array] of Object.entries(persistent)) if (open.plan.allocations.some((each) => each.role === 'persistent' && each.name === name)) program.write(name, array)
    program.run(open.plan.name, inputs)
    const names = [...new Set(open.persistent.map(({ name }) => name))]
    const [outputs, arenas] = await Promise.all([program.readOutputs(open.plan.name, Object.keys(open.plan.outputs)), program.read(names)])
    return new Map([
      ...Object.entries(outputs),
      ...open.persistent.map(({ key, name, view }) => [key, arenas[names.indexOf(name)]!.subarray(view.offsetBytes / 4, view.offsetBytes / 4 + view.length)] as const),
    ])
  } finally {
    program.dispose()
  }
}

interface OpenPlan {
  readonly plan: Plan
  readonly persistent: readonly { readonly key: string; readonly name: string; readonly view: View }[]
}

/** The Plan up to `end`, with an output for each tensor that a call from `start` on writes. */
function openPlan(plan: Plan, tensors: ReturnType<typeof instances>, { start, end }: { start: number; end: number }): OpenPlan {
  const allocations: Allocation[] = plan.allocations.map((each) => ({ ...each, role: each.role === 'output' ? 'scratch' : each.role }))
  const outputs: Record<string, PlanPort> = {}
  const persistent: OpenPlan['persistent'][number][] = []
  const places = new Map<string, View>()
  for (let at = start; at < end; at++) for (const [key, view] of writesOf(plan.calls[at]!)) {
    const { name, role } = plan.allocations[view.allocation]!
    if (role === 'persistent') {
      persistent.push({ key: `${at} ${key}`, name, view })
      continue
    }
    const own: View = { ...view, offsetBytes: 0, allocation: allocations.push({ name: `${at} ${key}`, role: 'output', bytes: bytesOf(view) }) - 1 }
    places.set(tensors[at]![key]!, own)
    outputs[`${at} ${key}`] = { view: own, shape: [view.length] }
  }
  const calls = plan.calls.slice(0, end).map((call, at) => ({ ...call, views: Object.fromEntries(Object.entries(call.views).map(([key, view]) => [key, places.get(tensors[at]![key]!) ?? view])) }))
  return { persistent, plan: { ...plan, name: `${plan.name} to ${end}`, allocations, calls, outputs, peakBytes: allocations.reduce((sum, { bytes }) => sum + bytes, 0) } }
}
