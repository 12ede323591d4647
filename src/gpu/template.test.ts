// The directives of shaders: repetition, choice, arithmetic in names, and errors that name the file.
import { describe, expect, it } from 'vitest'
import { expand, value } from './template.ts'

const names: Record<string, number> = { ROWS: 3, 'u.SW': 2, 'a.width': 4 }
const lookup = (name: string): number | undefined => names[name]
const run = (text: string): string => expand(text, lookup, 'test.wgsl').trim().replace(/\s*\n\s*/g, ' ')

describe('expand', () => {
  it('repeats blocks, nested ones too', () => {
    expect(run('#unroll r < ROWS\nlet a$r = 0;\n#end')).toBe('let a0 = 0; let a1 = 0; let a2 = 0;')
    expect(run('#unroll r < 2\n#unroll c < 2\ns$r_$c\n#end\n#end')).toBe('s0_0 s0_1 s1_0 s1_1')
    expect(run('#unroll r < ROWS - 1 * u.SW + 1\n$r\n#end')).toBe('0 1 2 3 4')
  })
  it('keeps apart names that begin alike', () => {
    expect(run('#unroll k < 1\nx$k $kw\n#end')).toBe('x0 $kw')
  })
  it('works out names', () => {
    expect(run('#unroll r < 2\nx${$r * u.SW + 1}\n#end')).toBe('x1 x3')
  })
  it('chooses', () => {
    expect(run('#if a.width == 4\nvec\n#else\nscalar\n#end')).toBe('vec')
    expect(run('#if ROWS % 2 != 1\nodd\n#else\n#if ROWS > 2\nbig\n#end\n#end')).toBe('big')
    expect(run('#unroll k < 2\n#if $k != 0\nrest$k\n#end\n#end')).toBe('rest1')
  })
  it('refuses what it does not understand, with the file', () => {
    expect(() => run('#unroll r < COLS\n#end')).toThrow(/test\.wgsl: must use names of the header in directives, got "COLS"/)
    expect(() => run('#unroll r < 2\nx')).toThrow(/test\.wgsl: must close each block/)
    expect(() => run('x\n#end')).toThrow(/test\.wgsl: must pair/)
    expect(() => run('#repeat 2')).toThrow(/got "#repeat 2"/)
  })
})

it('reads arithmetic strictly from left to right', () => {
  expect(value('ROWS - 1 * u.SW + 10 / 4 % 3', lookup, 'test')).toBe(0)
})
