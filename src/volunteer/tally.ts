// What a volunteer has contributed in this session, and how fast.
import type { Lease } from '../wire/messages.ts'
import type { JobEnd } from './lease-job.ts'
import type { Contribution } from './view.ts'

type Accepted = Extract<JobEnd, { readonly type: 'accepted' }>

export interface Tally {
  readonly contribution: Omit<Contribution, 'bytesDown'>
  readonly examplesPerSecond: number
  readonly losses: readonly number[]
  readonly trouble: string | undefined
  accepted(lease: Lease, end: Accepted): void
  refused(why: string): void
  failed(why: string): void
}

const LOSSES_KEPT = 240
/** Weight of the newest lease in the running speed. */
const NEWEST = 0.3

export function createTally(): Tally {
  let contribution = { examples: 0, evaluatedExamples: 0, acceptedLeases: 0, refusedLeases: 0, bytesUp: 0 }
  let examplesPerSecond = 0
  let losses: readonly number[] = []
  let trouble: string | undefined
  return {
    get contribution() { return contribution },
    get examplesPerSecond() { return examplesPerSecond },
    get losses() { return losses },
    get trouble() { return trouble },
    accepted({ kind, numExamples }, { outcome: { metrics }, wallMs, payloadBytes }) {
      const speed = (numExamples * 1000) / Math.max(1, wallMs)
      trouble = undefined
      const acceptedLeases = contribution.acceptedLeases + 1
      if (kind === 'evaluate') {
        contribution = { ...contribution, acceptedLeases, evaluatedExamples: contribution.evaluatedExamples + numExamples }
        return
      }
      examplesPerSecond = examplesPerSecond === 0 ? speed : (1 - NEWEST) * examplesPerSecond + NEWEST * speed
      contribution = { ...contribution, acceptedLeases, examples: contribution.examples + numExamples, bytesUp: contribution.bytesUp + payloadBytes }
      losses = [...losses, metrics.lossSum / numExamples].slice(-LOSSES_KEPT)
    },
    refused(why) {
      trouble = why
      contribution = { ...contribution, refusedLeases: contribution.refusedLeases + 1 }
    },
    failed(why) {
      trouble = why
    },
  }
}
