// Live progress in the terminal: one line that is redrawn, or, where the output is no terminal, a line every few seconds.
import type { RunReason, RunStatus } from '../../src/wire/dashboard.ts'

const PLAIN_INTERVAL_MS = 5_000
/** Schedules whose versions are rounds. */
const ROUNDS: readonly RunStatus['schedule'][] = ['synchronous', 'cohort']

export interface Progress {
  /** Shows the present state of things. */
  update(line: string): void
  /** Prints something that stays. */
  say(text: string): void
  /** Leaves the last line standing. */
  end(): void
}

export function createProgress(output: NodeJS.WriteStream, now: () => number = () => performance.now()): Progress {
  let shown = ''
  let printedMs = -Infinity
  let printed = ''
  // Some terminals say that they have no columns at all.
  const draw = (line: string): void => void output.write(`\r\x1b[2K${line.slice(0, Math.max(20, (output.columns || 80) - 1))}`)
  if (output.isTTY) {
    return {
      update: (line) => draw(shown = line),
      say(text) {
        output.write(`\r\x1b[2K${text}\n`)
        if (shown !== '') draw(shown)
      },
      end() {
        if (shown !== '') output.write('\n')
        shown = ''
      },
    }
  }
  return {
    update(line) {
      shown = line
      if (now() - printedMs < PLAIN_INTERVAL_MS || line === printed) return
      printedMs = now()
      output.write(`${printed = line}\n`)
    },
    say: (text) => void output.write(`${text}\n`),
    end() {
      if (shown !== printed) output.write(`${shown}\n`)
      shown = printed
    },
  }
}

/** A run in one line, what matters most first: narrow terminals cut it off. */
export function describeStatus(status: RunStatus): string {
  const { evaluation, nextVersion, connected } = status
  const parts = [
    status.runId,
    status.state === 'running' ? `epoch ${status.epoch + 1}` : `${status.state} (${describeReason(status.reason)})`,
    nextVersion === undefined || !ROUNDS.includes(status.schedule) ? `version ${status.modelVersion}` : `round ${nextVersion.number}`,
    ...(evaluation === undefined ? [] : [`accuracy ${(evaluation.accuracy * 100).toFixed(2)}%`, `loss ${evaluation.loss.toFixed(4)}`]),
    `${status.examples.toLocaleString('en')} examples`,
    `${status.examplesPerSecond.toFixed(0)}/s`,
    `${connected} volunteer${connected === 1 ? '' : 's'}`,
    `${megabytes(status.bytesUp)} up, ${megabytes(status.bytesDown)} down`,
  ]
  return parts.join('  ')
}

function describeReason({ code, count, detail }: RunReason): string {
  switch (code) {
    case 'training': return 'training'
    case 'evaluating': return `evaluating version ${count}`
    case 'waiting': return 'for a volunteer: open the volunteer page and press Contribute'
    case 'person': return 'from the dashboard'
    case 'diverged': return 'training has diverged: the last updates were not finite. Lower the learning rate'
    case 'disk': return detail ?? 'the disk refuses'
    case 'epochs-done': return `all ${count} epochs are done`
    case 'rounds-done': return `all ${count} rounds are done`
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)} MB`
