// One volunteer's socket: turns its events into calls of the run it joined. Everything it sends is checked here first;
// what fails is counted and refused, and a socket that goes on sending it is cut off.
import type { Socket } from 'socket.io'
import { WireError } from '../src/base/errors.ts'
import { checkPayloadBytes, createReassembler, type Reassembler } from '../src/wire/chunks.ts'
import { ChunkSchema, FromVolunteerSchema, HelloSchema, PROTOCOL_VERSION, UpdateHeaderSchema, parseMessage } from '../src/wire/messages.ts'
import type { Refused, ToVolunteer, UpdateHeader } from '../src/wire/messages.ts'
import type { Welcome } from '../src/wire/welcome.ts'
import { createPatience } from './patience.ts'
import type { Reception, RunHost } from './run-host.ts'
import { findHost, type RunTable } from './run-table.ts'

/** A socket that has not said hello by then is somebody else's. */
const HELLO_TIMEOUT_MS = 30_000

export interface VolunteerDoor {
  readonly runs: RunTable
  /** The socket of each volunteer, by `<runId>/<volunteerId>`. */
  readonly seats: Map<string, Socket>
}

interface Membership {
  readonly host: RunHost
  readonly volunteerId: string
  readonly seat: string
}

type Ack = (answer: unknown) => void

export function welcomeVolunteer(socket: Socket, door: VolunteerDoor): void {
  const patience = createPatience({ now: () => performance.now() })
  let member: Membership | undefined
  let upload: { readonly header: UpdateHeader; readonly reception: Reception; readonly reassembler: Reassembler } | undefined

  /** Runs a handler; a WireError refuses this message only. */
  const on = (event: string, handle: (value: unknown) => unknown): void => {
    socket.on(event, (value: unknown, ack: unknown) => {
      const answer: Ack = typeof ack === 'function' ? (ack as Ack) : () => {}
      if (!patience.message()) return void socket.disconnect(true)
      try {
        const reply = handle(value)
        if (reply instanceof Promise) void reply.then(answer)
        else answer(reply)
      } catch (error) {
        if (!(error instanceof WireError)) throw error
        answer(refuseMalformed(error.message))
      }
    })
  }

  const refuseMalformed = (why: string): Refused => {
    const host = member?.host ?? findHost(door.runs, undefined)
    host?.malformed(member?.volunteerId, why)
    if (!patience.malformed()) socket.disconnect(true)
    return refused('malformed', why)
  }

  const joined = (): Membership => {
    if (member === undefined) throw new WireError('message: must come after an accepted hello. Say hello first.')
    return member
  }

  const leave = (): void => {
    upload = undefined
    if (member === undefined) return
    const { host, volunteerId, seat } = member
    member = undefined
    // A newer socket of the same volunteer has taken the seat: it has not left.
    if (door.seats.get(seat) !== socket) return
    door.seats.delete(seat)
    host.leave(volunteerId)
  }

  const hello = (value: unknown): Welcome | Refused => {
    const old = refuseOtherProtocol(value)
    if (old !== undefined) return old
    const message = parseMessage(HelloSchema, value)
    const host = findHost(door.runs, message.runId)
    if (host === undefined) return refused('unknown-run', `There is no run ${message.runId ?? ''} here. It may have ended: reload the page to join the current one.`)
    const seat = `${host.runId}/${message.volunteerId}`
    if (member?.seat !== seat) leave()
    upload = undefined
    const former = door.seats.get(seat)
    let answered = false
    const send = (outgoing: ToVolunteer): void => {
      const emit = (): void => { if (door.seats.get(seat) === socket) socket.emit('message', outgoing) }
      // What the run sends from within `join` must come after the welcome, which leaves when this function has returned.
      if (answered) emit()
      else queueMicrotask(emit)
    }
    // The run knows itself by its id alone.
    const answer = host.join({ ...message, runId: host.runId }, send)
    queueMicrotask(() => { answered = true })
    if (answer.type === 'refused') return answer
    door.seats.set(seat, socket)
    member = { host, volunteerId: message.volunteerId, seat }
    if (former !== undefined && former !== socket) former.disconnect(true)
    return answer
  }

  const update = (value: unknown): Refused | null | Promise<Refused | null> => {
    const { host, volunteerId } = joined()
    const old = refuseOtherProtocol(value)
    if (old !== undefined) return old
    const header = parseMessage(UpdateHeaderSchema, value)
    requireRun(header.runId, host)
    upload = undefined
    const refusal = host.announce(volunteerId, header)
    if (refusal !== undefined) return refusal
    checkPayloadBytes(header.payloadBytes, host.maxPayloadBytes)
    if (header.payloadBytes === 0) throw new WireError('payloadBytes: must be at least 1, got 0. Send the tensors of the table.')
    return receive(host, header)
  }

  /** The answer lets the bytes come: it waits for memory to put them in. */
  const receive = async (host: RunHost, header: UpdateHeader): Promise<Refused | null> => {
    const reception = await host.receivePayload(header)
    if (reception === undefined || member?.host !== host) return lateFor(header)
    upload = { header, reception, reassembler: createReassembler(reception.memory) }
    return null
  }

  const chunk = (value: unknown): Refused | null => {
    const { host, volunteerId } = joined()
    const { leaseId, index, bytes } = parseMessage(ChunkSchema, value)
    if (upload === undefined || upload.header.leaseId !== leaseId) return refused('unknown-lease', `No update of lease ${leaseId} is under way on this connection.`)
    const { header, reception, reassembler } = upload
    if (!reception.isOpen) {
      upload = undefined
      return lateFor(header)
    }
    try {
      reassembler.take(index, bytes)
    } catch (error) {
      upload = undefined
      throw error
    }
    if (!reassembler.complete) return null
    upload = undefined
    host.submit(volunteerId, header, reassembler.payload())
    return null
  }

  const message = (value: unknown): null => {
    const { host, volunteerId } = joined()
    const parsed = parseMessage(FromVolunteerSchema, value)
    requireRun(parsed.runId, host)
    host.receive(volunteerId, parsed)
    return null
  }

  on('hello', hello)
  on('update', update)
  on('chunk', chunk)
  on('message', message)
  socket.onAny((event: string) => {
    if (!['hello', 'update', 'chunk', 'message'].includes(event)) refuseMalformed(`event: must be hello, update, chunk or message, got "${event.slice(0, 40)}".`)
  })
  const silence = setTimeout(() => { if (member === undefined) socket.disconnect(true) }, HELLO_TIMEOUT_MS)
  socket.on('disconnect', () => { clearTimeout(silence); leave() })
}

/** Looks at protocolVersion alone, so that a page too old for the rest of the schema still hears why. */
function refuseOtherProtocol(value: unknown): Refused | undefined {
  const version = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)['protocolVersion'] : undefined
  if (version === undefined || version === PROTOCOL_VERSION) return undefined
  return refused('protocol-version', `This page speaks protocol ${String(version).slice(0, 20)}, the coordinator speaks ${PROTOCOL_VERSION}. Reload the page.`)
}

function requireRun(runId: string, host: RunHost): void {
  if (runId !== host.runId) throw new WireError(`runId: must be ${host.runId}, which this connection joined, got "${runId}".`)
}

const lateFor = ({ leaseId }: UpdateHeader): Refused => refused('expired', `lease ${leaseId}: has ended.`)

const refused = (code: Refused['code'], message: string): Refused => ({ type: 'refused', code, message })
