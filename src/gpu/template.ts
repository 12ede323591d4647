// The one thing WGSL lacks for register tiles: repetition. Arrays indexed by a loop variable go to memory on many
// drivers, so tiles are written out; `#unroll i < COUNT` … `#end` repeats its lines with `$i` replaced by 0, 1, …,
// and `name${$i * 2 + 1}` with the sum worked out.
import { InvariantError } from '../base/errors.ts'

/** Resolves a name of the header (a tuning constant, a dim as `u.NAME`, a buffer's vector width as `name.width`, `subgroups`) to its value. */
export type Lookup = (name: string) => number | undefined

const UNROLL = /^\s*#unroll\s+([a-z]+)\s*<\s*(.+?)\s*$/
const IF = /^\s*#if\s+(.+?)\s*(==|!=|>|<)\s*(.+?)\s*$/
const EXPRESSION = /\$\{([^}$]+)\}/g
const ELSE = /^\s*#else\s*$/
const END = /^\s*#end\s*$/

/** Expands `#unroll i < COUNT` and `#if A == B` … `#else` blocks (nested or not), each closed by `#end`. */
export function expand(source: string, lookup: Lookup, file: string): string {
  const lines = source.split('\n')
  return expandLines(lines, lookup, file).join('\n')
}

function expandLines(lines: readonly string[], lookup: Lookup, file: string): string[] {
  const out: string[] = []
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string
    if (END.test(line) || ELSE.test(line)) throw new InvariantError(`${file}: must pair each #end and #else with a block, got "${line.trim()}". Remove it.`)
    const unroll = UNROLL.exec(line)
    const condition = IF.exec(line)
    if (unroll === null && condition === null) {
      if (/^\s*#/.test(line)) throw new InvariantError(`${file}: must use #unroll, #if, #else or #end, got "${line.trim()}". Correct it.`)
      out.push(line.replace(EXPRESSION, (_, inner: string) => String(value(inner, lookup, file))))
      continue
    }
    const block = readBlock(lines, at, file)
    at = block.end
    if (unroll !== null) out.push(...repeat(block.body, unroll[1] as string, value(unroll[2] as string, lookup, file), lookup, file))
    else if (condition !== null) out.push(...expandLines(holds(condition, lookup, file) ? block.body : block.otherwise, lookup, file))
  }
  return out
}

function repeat(body: readonly string[], name: string, count: number, lookup: Lookup, file: string): string[] {
  const pattern = new RegExp(`\\$${name}(?![a-zA-Z0-9])`, 'g')
  return Array.from({ length: count }, (_, i) => expandLines(body.map((line) => line.replace(pattern, String(i))), lookup, file)).flat()
}

interface Block {
  readonly body: readonly string[]
  readonly otherwise: readonly string[]
  /** Index of the closing #end. */
  readonly end: number
}

function readBlock(lines: readonly string[], start: number, file: string): Block {
  let depth = 0
  let split: number | undefined
  for (let at = start; at < lines.length; at++) {
    const line = lines[at] as string
    if (UNROLL.test(line) || IF.test(line)) depth++
    else if (ELSE.test(line) && depth === 1) split = at
    else if (END.test(line) && --depth === 0) {
      const body = lines.slice(start + 1, split ?? at)
      return { body, otherwise: split === undefined ? [] : lines.slice(split + 1, at), end: at }
    }
  }
  throw new InvariantError(`${file}: must close each block with #end, got none for "${(lines[start] as string).trim()}". Add it.`)
}

function holds(condition: RegExpExecArray, lookup: Lookup, file: string): boolean {
  const left = value(condition[1] as string, lookup, file)
  const right = value(condition[3] as string, lookup, file)
  switch (condition[2]) {
    case '==': return left === right
    case '!=': return left !== right
    case '<': return left < right
    default: return left > right
  }
}

/** Numbers and names joined by + - * / % and read strictly from left to right: `ROWS - 1 * STRIDE` is (ROWS - 1) * STRIDE. */
export function value(expression: string, lookup: Lookup, file: string): number {
  const tokens = expression.trim().split(/\s*([-+*/%])\s*/)
  const atom = (text: string): number => {
    const found = /^\d+$/.test(text) ? Number(text) : lookup(text)
    if (found === undefined) throw new InvariantError(`${file}: must use names of the header in directives, got "${text}". Declare it as a dim or a constant.`)
    return found
  }
  let result = atom(tokens[0] as string)
  for (let i = 1; i < tokens.length; i += 2) {
    const right = atom(tokens[i + 1] as string)
    switch (tokens[i]) {
      case '+': result += right; break
      case '-': result -= right; break
      case '*': result *= right; break
      case '/': result = Math.floor(result / right); break
      default: result %= right
    }
  }
  return result
}
