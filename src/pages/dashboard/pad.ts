// A square to draw in, with mouse, pen or finger.
import { attribute, h, show, text } from '../shared/dom.ts'
import type { Drawing } from './digit-image.ts'

export interface Pad {
  readonly element: HTMLElement
  drawing(): Drawing
  clear(): void
}

const SIZE = 280
const STROKE = 22

export function createPad(changed: () => void): Pad {
  const canvas = h('canvas', { width: String(SIZE), height: String(SIZE), tabindex: '0', id: 'pad', role: 'img' })
  attribute(canvas, 'aria-label', (c) => c.dashboard.drawLabel)
  const hint = h('span', { class: 'hint', 'aria-hidden': 'true' }, text((c) => c.dashboard.drawHint))
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) throw new Error('canvas: must have a 2d context.')
  Object.assign(context, { lineCap: 'round', lineJoin: 'round', lineWidth: STROKE, strokeStyle: '#fff', fillStyle: '#fff' })

  let last: readonly [number, number] | undefined
  const place = (event: PointerEvent): readonly [number, number] => {
    const box = canvas.getBoundingClientRect()
    return [((event.clientX - box.left) * SIZE) / box.width, ((event.clientY - box.top) * SIZE) / box.height]
  }
  const stroke = (to: readonly [number, number]): void => {
    const from = last ?? to
    context.beginPath()
    context.moveTo(...from)
    // A dot is a line of no length, which some browsers draw only with a nudge.
    context.lineTo(to[0] + (from === to ? 0.01 : 0), to[1])
    context.stroke()
    last = to
  }
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return
    canvas.setPointerCapture(event.pointerId)
    show(hint, false)
    stroke(place(event))
    changed()
  })
  canvas.addEventListener('pointermove', (event) => {
    if (last === undefined) return
    // A quick hand makes several points between two frames.
    const points = event.getCoalescedEvents?.() ?? []
    for (const point of points.length > 0 ? points : [event]) stroke(place(point))
    changed()
  })
  for (const end of ['pointerup', 'pointercancel'] as const) canvas.addEventListener(end, () => { last = undefined })

  const clear = (): void => {
    context.clearRect(0, 0, SIZE, SIZE)
    last = undefined
    show(hint, true)
    changed()
  }
  canvas.addEventListener('keydown', (event) => {
    if (['Delete', 'Backspace', 'Escape'].includes(event.key)) clear()
  })
  return {
    element: h('div', { class: 'pad' }, canvas, hint),
    drawing() {
      const { data } = context.getImageData(0, 0, SIZE, SIZE)
      // White strokes on nothing: how opaque a pixel is tells how much ink it has.
      return { width: SIZE, height: SIZE, ink: Uint8Array.from({ length: SIZE * SIZE }, (_, i) => data[i * 4 + 3] as number) }
    },
    clear,
  }
}
