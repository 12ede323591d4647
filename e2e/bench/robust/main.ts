// `npm run bench -- robust`: test accuracy of the 2NN with 5 attackers of 25, for every aggregator and several attacks, and
// beside it where nobody attacks. In the simulator; each run is kept, so that all of it can be stopped and resumed.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '../../../src/base/errors.ts'
import { nearest } from '../../../src/base/registry.ts'
import { parseCommandLine } from '../../command-line.ts'
import { compact } from '../federated/report.ts'
import { printTable } from '../report.ts'
import { trialSurroundings, TRIAL_OPTIONS, TRIAL_USAGE } from '../trials/surroundings.ts'
import type { TrialRecord } from '../trials/trial.ts'
import { RULES, type Rule } from './rules.ts'
import { ATTACKS, attackTrial, type AttackName } from './trials.ts'

export const ROBUST_USAGE = `npm run bench -- robust [options]
  --rules a,b        of ${RULES.map(({ key }) => key).join(', ')}; all where absent
  --attacks a,b      of ${ATTACKS.join(', ')}; all where absent
  --iterations N     600 where absent
${TRIAL_USAGE}`

interface Row {
  readonly rule: Rule
  readonly records: ReadonlyMap<AttackName, TrialRecord>
}

export async function robust(args: readonly string[]): Promise<void> {
  const { values } = parseCommandLine({ args: [...args], options: { ...TRIAL_OPTIONS, rules: { type: 'string' }, attacks: { type: 'string' }, iterations: { type: 'string', default: '600' } } })
  if (values.help) return console.log(ROBUST_USAGE)
  const rounds = Number(values.iterations)
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new ConfigError(`--iterations: must be a whole number from 1 on, got "${values.iterations}". Use 600.`)
  const attacks = named('--attacks', values.attacks, ATTACKS) as readonly AttackName[]
  const keys = named('--rules', values.rules, RULES.map(({ key }) => key))
  const rows = RULES.filter(({ key }) => keys.includes(key)).map((rule) => ({ rule, records: new Map<AttackName, TrialRecord>() }))
  const surroundings = trialSurroundings('robust', values)
  for (const attack of attacks) {
    for (const { rule, records } of rows) {
      const record = await attackTrial(rule, attack, { rounds }, surroundings)
      if (record !== undefined) records.set(attack, record)
    }
  }
  if (values.json !== undefined) {
    mkdirSync(dirname(values.json), { recursive: true })
    writeFileSync(values.json, `${JSON.stringify(summaryOf(rows), null, 1)}\n`)
  }
  printRows(rows, attacks, rounds)
}

/** Accuracy at the end. */
const lastOf = (record: TrialRecord | undefined): number | undefined => (record === undefined ? undefined : record.curve.at(-1)?.accuracy ?? 0)

function printRows(rows: readonly Row[], attacks: readonly AttackName[], rounds: number): void {
  console.log(`\n2NN on MNIST sorted by label, 5 attackers of 25, ${rounds} iterations: test accuracy at the end\n`)
  printTable(['aggregator', ...attacks], rows.map(({ rule, records }) => [rule.key, ...attacks.map((attack) => {
    const accuracy = lastOf(records.get(attack))
    return accuracy === undefined ? '-' : `${(100 * accuracy).toFixed(2)}%${records.get(attack)?.outcome === 'diverged' ? ' (diverged)' : ''}`
  })]))
}

const summaryOf = (rows: readonly Row[]): object => rows.map(({ rule, records }) => ({
  rule: rule.key, aggregator: rule.aggregator,
  attacks: Object.fromEntries([...records].map(([attack, record]) => [attack, { accuracy: lastOf(record), ...compact(record) }])),
}))

function named(option: string, given: string | undefined, known: readonly string[]): readonly string[] {
  const names = given?.split(',') ?? known
  const wrong = names.find((name) => !known.includes(name))
  if (wrong !== undefined) throw new ConfigError(`${option}: must be among ${known.join(', ')}, got "${wrong}". ${nearest(wrong, known)}`)
  return names
}
