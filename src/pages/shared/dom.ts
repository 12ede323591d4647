// Building and updating the document by hand: elements, and texts that follow the language.
import { catalogue, language, onLanguage, type Phrase } from '../catalogue/index.ts'

type Child = Node | string
type Attributes = Readonly<Record<string, string | boolean | ((event: Event) => void)>>

/** An element: attributes by name, `true` for bare ones, functions for events (`onclick`). */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: readonly Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else if (value !== false) element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children)
  return element
}

const SVG = 'http://www.w3.org/2000/svg'

export function svg(tag: string, attributes: Readonly<Record<string, string>> = {}, ...children: readonly Node[]): SVGElement {
  const element = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

export interface Line {
  readonly node: Text
  /** Shows another phrase from now on. */
  say(phrase: Phrase): void
}

/** A text that is written again when the language changes. */
export function line(first: Phrase = () => ''): Line {
  const node = document.createTextNode('')
  let phrase = first
  const write = (): void => {
    const text = phrase(catalogue())
    // Untouched text keeps a person's selection and spares screen readers an announcement.
    if (node.data !== text) node.data = text
  }
  onLanguage(write)
  return { node, say(next) { phrase = next; write() } }
}

/** A text that never changes but with the language. */
export const text = (phrase: Phrase): Text => line(phrase).node

/** Keeps an attribute in the page's language. What it returns makes it say another phrase. */
export function attribute(element: Element, name: string, first: Phrase): (phrase: Phrase) => void {
  let phrase = first
  const write = (): void => element.setAttribute(name, phrase(catalogue()))
  onLanguage(write)
  return (next) => { phrase = next; write() }
}

/** The element's language and the document's title follow the page's. */
export function titled(phrase: Phrase): void {
  onLanguage(() => {
    document.documentElement.lang = language() === 'zh' ? 'zh-Hans' : 'en'
    document.title = phrase(catalogue())
  })
}

export function show(element: HTMLElement, visible: boolean): void {
  if (element.hidden === visible) element.hidden = !visible
}
