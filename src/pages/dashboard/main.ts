// The dashboard: a run, live. Anyone may look; whoever came with the control token may pause, resume and stop it.
import type { RunStatus } from '../../wire/dashboard.ts'
import { h, titled } from '../shared/dom.ts'
import { header } from '../shared/header.ts'
import '../shared/style.css'
import './style.css'
import { createAccounts } from './accounts.ts'
import { createCurves } from './curves.ts'
import { createDraw } from './draw.ts'
import { openFeed } from './feed.ts'
import { createFigures } from './figures.ts'
import { createOverview } from './overview.ts'
import { createStaleness } from './staleness.ts'
import { takeToken } from './token.ts'
import { createInvitation, createVolunteers } from './volunteers.ts'

const runId = new URLSearchParams(location.search).get('run') ?? undefined
const token = takeToken()
let status: RunStatus | undefined

const overview = createOverview(token === undefined ? undefined : async (action) => status === undefined ? undefined : feed.control(action, status.runId, token))
const figures = createFigures(), curves = createCurves(), draw = createDraw(), staleness = createStaleness(), accounts = createAccounts()
const volunteers = createVolunteers(createInvitation(runId))
const parts = [overview, figures, draw, staleness, volunteers, accounts]

const main = h('main', { id: 'main' }, overview.element, figures.element, curves.element, draw.element, volunteers.element, h('div', { class: 'side' }, staleness.element, accounts.element))
document.body.append(header({ href: '/', phrase: (c) => c.volunteerLink }), main)
titled((c) => `${c.name} – ${c.dashboard.title}`)

const feed = openFeed(runId, {
  onStatus(next) {
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
