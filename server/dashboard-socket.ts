// The dashboard's sockets: whoever watches a run is in that run's room and hears its events; control needs the token.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Namespace, Socket } from 'socket.io'
import * as v from 'valibot'
import { WireError } from '../src/base/errors.ts'
import { ControlSchema } from '../src/wire/dashboard.ts'
import type { DashboardEvent } from '../src/wire/dashboard.ts'
import { parseMessage } from '../src/wire/messages.ts'
import { createPatience } from './patience.ts'
import type { RunHost } from './run-host.ts'
import { findHost, type RunTable } from './run-table.ts'

export interface DashboardOptions {
  readonly runs: RunTable
  readonly controlToken: string
}

export type ControlAnswer = { readonly ok: true } | { readonly ok: false; readonly message: string }

const WatchSchema = v.strictObject({ runId: v.optional(v.pipe(v.string(), v.maxLength(64))) })

/** Passes every run's events to its watchers; the returned function ends that. */
export function openDashboard(namespace: Namespace, options: DashboardOptions): () => void {
  const unsubscribe = [...options.runs.values()].map((host) => host.subscribe((event) => {
    // A status is whole: a watcher that cannot keep up may miss one. A curve's points come once.
    if (event.type === 'status') namespace.to(host.runId).volatile.emit('event', event)
    else namespace.to(host.runId).emit('event', event)
  }))
  namespace.on('connection', (socket) => welcomeWatcher(socket, options))
  return () => { for (const end of unsubscribe) end() }
}

function welcomeWatcher(socket: Socket, options: DashboardOptions): void {
  const patience = createPatience({ now: () => performance.now() })
  let room: string | undefined

  const watch = (value: unknown): unknown => {
    const { runId } = parseMessage(WatchSchema, value ?? {})
    const host = findHost(options.runs, runId) ?? findHost(options.runs, undefined)
    if (host === undefined) throw new WireError('runId: must name a run, got none that is open.')
    if (room !== undefined) void socket.leave(room)
    room = host.runId
    void socket.join(room)
    for (const event of snapshot(host)) socket.emit('event', event)
    return { runId: host.runId }
  }

  const control = async (value: unknown): Promise<ControlAnswer> => {
    const { runId, token, action } = parseMessage(ControlSchema, value)
    if (!sameSecret(token, options.controlToken)) {
      if (!patience.malformed()) socket.disconnect(true)
      return { ok: false, message: 'This control token is not the one of this coordinator. Open the dashboard address that the terminal printed.' }
    }
    const host = findHost(options.runs, runId)
    if (host === undefined) return { ok: false, message: `There is no run ${runId}.` }
    await host.control(action)
    return { ok: true }
  }

  const on = (event: string, handle: (value: unknown) => unknown): void => {
    socket.on(event, (value: unknown, ack: unknown) => {
      const answer = typeof ack === 'function' ? (ack as (reply: unknown) => void) : () => {}
      if (!patience.message()) return void socket.disconnect(true)
      // Called at once, so that joining a room and the snapshot before it leave no gap for events to fall into.
      const reply = attempt(() => handle(value))
      reply.then(answer, (error: unknown) => {
        answer({ ok: false, message: error instanceof WireError ? error.message : 'The coordinator could not do it: see its terminal.' })
        if (!(error instanceof WireError)) return console.error(`dashboard ${event}:`, error)
        if (!patience.malformed()) socket.disconnect(true)
      })
    })
  }
  on('watch', watch)
  on('control', control)
}

async function attempt(run: () => unknown): Promise<unknown> {
  return await run()
}

function snapshot(host: RunHost): readonly DashboardEvent[] {
  return [{ type: 'status', status: host.status() }, { type: 'curve', points: host.curve(), reset: true }]
}

/** Compares digests, so that neither the length nor the first wrong character shows in the time taken. */
function sameSecret(given: string, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(secret))
}
