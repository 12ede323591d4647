// The head of both pages: emblem, name, the other page, the language.
import { language, languages, onLanguage, setLanguage, type Phrase } from '../catalogue/index.ts'
import { attribute, h, svg, text } from './dom.ts'

export interface Header {
  readonly element: HTMLElement
  /** To the other page. */
  readonly link: HTMLAnchorElement
}

export function header(other: { readonly href: string; readonly phrase: Phrase }): Header {
  const buttons = languages.map(([code, name]) => {
    const button = h('button', { type: 'button', class: 'language', lang: code === 'zh' ? 'zh-Hans' : code, onclick: () => setLanguage(code) }, name)
    onLanguage(() => button.setAttribute('aria-pressed', String(language() === code)))
    return button
  })
  const switcher = h('div', { class: 'languages', role: 'group' }, ...buttons)
  attribute(switcher, 'aria-label', () => 'Language / 语言')
  const link = h('a', { href: other.href, class: 'other' }, text(other.phrase))
  return { link, element: h('header', { class: 'top' }, h('a', { class: 'brand', href: '/' }, emblem(), h('span', {}, text((c) => c.name))), h('nav', {}, link, switcher)) }
}

/** Many small weights around a common one. */
export function emblem(): SVGElement {
  const dots = Array.from({ length: 8 }, (_, i) => {
    const angle = (i * Math.PI) / 4
    return svg('circle', { cx: (16 + 11.5 * Math.cos(angle)).toFixed(2), cy: (16 + 11.5 * Math.sin(angle)).toFixed(2), r: i % 2 === 0 ? '2.4' : '1.7', class: 'dot' })
  })
  return svg('svg', { viewBox: '0 0 32 32', class: 'emblem', 'aria-hidden': 'true' }, svg('circle', { cx: '16', cy: '16', r: '5.4', class: 'weight' }), ...dots)
}
