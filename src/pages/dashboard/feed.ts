// The dashboard's connection: a run's status and curve as they change, and the three things a token allows.
import { io, type Socket } from 'socket.io-client'
import type { Control, CurvePoint, DashboardEvent, RunStatus } from '../../wire/dashboard.ts'

export interface Feed {
  control(action: Control['action'], runId: string, token: string): Promise<string | undefined>
}

export interface FeedEvents {
  onStatus(status: RunStatus): void
  /** All points so far. */
  onCurve(points: readonly CurvePoint[]): void
  onConnection(connected: boolean): void
}

const CONTROL_TIMEOUT_MS = 10_000

export function openFeed(runId: string | undefined, events: FeedEvents): Feed {
  const socket: Socket = io(new URL('/dashboard', location.origin).href, { transports: ['websocket'], reconnectionDelayMax: 5000 })
  let points: readonly CurvePoint[] = []
  socket.on('connect', () => {
    socket.emit('watch', runId === undefined ? {} : { runId }, () => {})
    events.onConnection(true)
  })
  socket.on('disconnect', () => events.onConnection(false))
  socket.on('connect_error', () => events.onConnection(false))
  socket.on('event', (event: DashboardEvent) => {
    if (event.type === 'status') return events.onStatus(event.status)
    points = event.reset ? event.points : [...points, ...event.points]
    events.onCurve(points)
  })
  return {
    /** What went wrong, or undefined. */
    async control(action, id, token) {
      const message: Control = { type: 'control', runId: id, token, action }
      try {
        const answer = await socket.timeout(CONTROL_TIMEOUT_MS).emitWithAck('control', message) as { readonly ok: boolean; readonly message?: string }
        return answer.ok ? undefined : answer.message ?? ''
      } catch (error) {
        return error instanceof Error ? error.message : String(error)
      }
    },
  }
}
