// How the run trains: the version in the making as a small drawing, and the strategy in plain words.
import type { RunStatus } from '../../wire/dashboard.ts'
import { h, line, text, type Line } from '../shared/dom.ts'
import type { RunDescription } from '../shared/api.ts'
import { createMaking } from './making.ts'
import { describeMethod, type MethodAxis } from './method-words.ts'

export interface MethodPart {
  readonly element: HTMLElement
  describe(description: RunDescription): void
  update(status: RunStatus): void
}

const AXES: readonly MethodAxis[] = ['schedule', 'data', 'local', 'corrections', 'aggregator', 'serverOptimizer', 'codec']

export function createMethod(): MethodPart {
  const making = createMaking()
  const lines = Object.fromEntries(AXES.map((axis) => [axis, line()])) as Record<MethodAxis, Line>
  const rows = AXES.map((axis) => h('div', {}, h('dt', {}, text((c) => c.method.axes[axis])), h('dd', { 'data-axis': axis }, lines[axis].node)))
  let described: RunDescription | undefined
  let sizes = { params: 0, updateBytes: 0 }

  function say(): void {
    if (described === undefined || sizes.updateBytes === 0) return
    for (const [axis, phrase] of describeMethod({ config: described.config, ...sizes })) lines[axis].say(phrase)
  }

  return {
    element: h('section', { class: 'card method' }, h('h2', {}, text((c) => c.method.title)), making.element, h('dl', { class: 'axes' }, ...rows)),
    describe(description) {
      described = description
      say()
    },
    update(status) {
      making.update(status)
      const { params, updateBytes } = status
      if (params === sizes.params && updateBytes === sizes.updateBytes) return
      sizes = { params, updateBytes }
      say()
    },
  }
}
