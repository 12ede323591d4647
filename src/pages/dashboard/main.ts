// The dashboard: a run, live. Anyone may look; whoever came with the control token may pause, resume and stop it.
import type { RunStatus } from '../../wire/dashboard.ts'
import { addressOf, fetchDescription, fetchPartition, runInAddress } from '../shared/api.ts'
import { h, titled } from '../shared/dom.ts'
import { header } from '../shared/header.ts'
import '../shared/style.css'
import './style.css'
import { createAccounts } from './accounts.ts'
import { createCurves } from './curves.ts'
import { createDraw } from './draw.ts'
import { openFeed } from './feed.ts'
import { createFigures } from './figures.ts'
import { createMethod } from './method.ts'
import { createOverview } from './overview.ts'
import { createPartition } from './partition.ts'
import { createRuns } from './runs.ts'
import { createStaleness } from './staleness.ts'
import { takeToken } from './token.ts'
import { createInvitation, createVolunteers } from './volunteers.ts'

const run = runInAddress()
const token = takeToken()
let status: RunStatus | undefined

const overview = createOverview(token === undefined ? undefined : async (action) => status === undefined ? undefined : feed.control(action, status.runId, token))
const runs = createRuns(), figures = createFigures(), curves = createCurves(), draw = createDraw(), method = createMethod(), partition = createPartition()
const staleness = createStaleness(), accounts = createAccounts(), volunteers = createVolunteers(createInvitation(run))
const parts = [overview, figures, draw, method, partition, staleness, volunteers, accounts]

const main = h('main', { id: 'main' }, runs.element, overview.element, figures.element, curves.element, draw.element,
  method.element, h('div', { class: 'side' }, staleness.element, accounts.element), partition.element, volunteers.element)
document.body.append(header({ href: addressOf('/', run), phrase: (c) => c.volunteerLink }).element, main)
titled((c) => `${c.name} – ${c.dashboard.title}`)

const feed = openFeed(run, {
  onStatus(next) {
    if (status?.runId !== next.runId) void learn(next.runId)
    status = next
    main.dataset['state'] = next.state
    for (const part of parts) part.update(next)
  },
  onCurve(points) {
    main.dataset['points'] = String(points.length)
    curves.update(points)
    figures.curve(points)
  },
  onConnection(connected) {
    main.dataset['connected'] = String(connected)
    overview.connection(connected)
  },
})

/** What does not change during a run is fetched once. */
async function learn(runId: string): Promise<void> {
  runs.current(runId)
  const description = await fetchDescription(runId)
  method.describe(description)
  if (description.config.partition !== undefined) partition.show(await fetchPartition(runId))
}
