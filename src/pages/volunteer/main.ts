// The volunteer page. It only asks, shows and passes on button presses: everything that computes is in the worker,
// which does not exist before the person presses Contribute.
import * as Comlink from 'comlink'
import type { VolunteerHost } from '../../volunteer/host-browser.ts'
import type { FailureKind, SessionState, VolunteerView } from '../../volunteer/view.ts'
import { header } from '../shared/header.ts'
import { addressOf, runInAddress } from '../shared/api.ts'
import { h, show, text, titled } from '../shared/dom.ts'
import '../shared/style.css'
import './style.css'
import { createContribution } from './contribution.ts'
import { claimIdentity, type Identity } from './identity.ts'
import { createRunChoice } from './run-choice.ts'
import { runnerInAddress } from './runner-choice.ts'
import { problemOf } from './status.ts'
import { createProblem, createThanks, createWelcome } from './welcome.ts'

interface Running {
  readonly worker: Worker
  readonly host: Comlink.Remote<VolunteerHost>
  readonly identity: Identity
}

const NOTHING_YET: VolunteerView = {
  session: { state: 'connecting' }, modelVersion: 0, examplesPerSecond: 0, losses: [],
  contribution: { examples: 0, evaluatedExamples: 0, acceptedLeases: 0, refusedLeases: 0, bytesUp: 0, bytesDown: 0 },
}
/** Countdowns move between views. */
const REDRAW_MS = 250

const choice = createRunChoice({
  announce: (phrase) => welcome.announce(phrase),
  onChoice(name) {
    for (const link of [head.link, seeModel]) link.href = addressOf('/dashboard', name)
  },
})
const seeModel = h('a', { class: 'button', href: addressOf('/dashboard', runInAddress()) }, text((c) => c.volunteer.seeModel))
const welcome = createWelcome(choice.element, () => void contribute())
const working = createContribution({ pause: () => void running?.host.pause(), resume: () => void running?.host.resume(), stop: () => void stop() })
const thanks = createThanks(seeModel, () => void contribute())
const problem = createProblem()
const main = h('main', { id: 'main' }, welcome.element, working.element, thanks.element, problem.element)
const head = header({ href: addressOf('/dashboard', runInAddress()), phrase: (c) => c.dashboardLink })
document.body.append(head.element, main)
titled((c) => `${c.name} – ${c.volunteer.title}`)

let running: Running | undefined
let view = NOTHING_YET
let viewedAtMs = 0

function draw(): void {
  const { session, contribution } = view
  const found = problemOf(session)
  const begun = main.dataset['state'] !== 'welcome'
  const stopped = session.state === 'stopped'
  show(welcome.element, !begun)
  show(working.element, begun && found === undefined && !stopped)
  show(thanks.element, begun && stopped)
  show(problem.element, begun && found !== undefined)
  if (found !== undefined) problem.update(found)
  if (!begun) return
  working.update(view, performance.now() - viewedAtMs)
  thanks.update(view)
  main.dataset['examples'] = String(contribution.examples)
  main.dataset['leases'] = String(contribution.acceptedLeases)
  main.dataset['modelVersion'] = String(view.modelVersion)
}

/** Tests and styles read the state from the main element. */
function mark(session: SessionState): void {
  const detail = 'phase' in session ? session.phase : 'runState' in session ? session.runState : 'code' in session ? session.code : 'failure' in session ? session.failure : ''
  main.dataset['state'] = session.state
  main.dataset['detail'] = detail
}

function receive(next: VolunteerView): void {
  view = next
  viewedAtMs = performance.now()
  mark(next.session)
  draw()
  const over = next.session.state === 'failed' || next.session.state === 'refused'
  if (over) letGo()
}

function fail(failure: FailureKind, message: string): void {
  receive({ ...view, session: { state: 'failed', failure, message } })
}

async function contribute(): Promise<void> {
  if (running !== undefined) return
  receive(NOTHING_YET)
  // The worker would find out too, but it needs crypto.subtle before that.
  if (!isSecureContext) return fail('insecure', '')
  const [identity, runId] = await Promise.all([claimIdentity(), choice.chosen()])
  const worker = new Worker(new URL('../../volunteer/host-browser.ts', import.meta.url), { type: 'module', name: 'volunteer' })
  worker.addEventListener('error', (event) => fail('crashed', event.message))
  const host = Comlink.wrap<VolunteerHost>(worker)
  running = { worker, host, identity }
  const onView = Comlink.proxy((next: VolunteerView) => {
    // A view on its way when the person pressed Stop.
    if (running?.worker === worker) receive(next)
  })
  try {
    await host.start({ url: location.origin, volunteerId: identity.volunteerId, ...(runId !== undefined ? { runId } : {}), ...runnerInAddress() }, onView)
  } catch (error) {
    fail('crashed', error instanceof Error ? error.message : String(error))
  }
}

async function stop(): Promise<void> {
  const stopping = running
  if (stopping === undefined) return
  receive({ ...view, session: { state: 'stopped' } })
  running = undefined
  // The lease goes back to the coordinator before the worker ends; a GPU that hangs must not keep it alive.
  await Promise.race([stopping.host.stop(), new Promise((resolve) => setTimeout(resolve, 2000))])
  stopping.worker.terminate()
  stopping.identity.release()
}

function letGo(): void {
  running?.worker.terminate()
  running?.identity.release()
  running = undefined
}

main.dataset['state'] = 'welcome'
draw()
setInterval(() => { if (view.session.state === 'disconnected') draw() }, REDRAW_MS)
