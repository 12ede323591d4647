// Accesses to f16 buffers in shaders that were written for f32.
import { expect, it } from 'vitest'
import { throughAccessors } from './half-access.ts'

const convert = (text: string): string => throughAccessors(text, ['x', 'y', 'dx'], 'test.wgsl')

it('turns reads and writes into calls, whatever stands around them', () => {
  expect(convert('let a = x[i] + dot(x[j + 1u], v);')).toBe('let a = x_read(i) + dot(x_read(j + 1u), v);')
  expect(convert('  if (inside) { y[at[k] + 1u] = 2.0 * x[order[i]]; }')).toBe('  if (inside) { y_write(at[k] + 1u, 2.0 * x_read(order[i])); }')
  expect(convert('y[i] += x[y[0]]; dx[i] = y[i];')).toBe('y_write(i, y_read(i) + (x_read(y_read(0)))); dx_write(i, y_read(i));')
  expect(convert('if (x[i] == y[i]) { return x[start].xxzz; }')).toBe('if (x_read(i) == y_read(i)) { return x_read(start).xxzz; }')
})

it('leaves other names and comments alone', () => {
  const text = 'let a = max[i] + x0[1] + my_x[2] + s.x + v.y[0]; // y[i] = x[i]'
  expect(convert(text)).toBe(text)
})

it('refuses what it cannot turn, naming the line', () => {
  expect(() => convert('y[i] =')).toThrow(/test.wgsl: must assign to y in one line, got "y\[i\] =". Put it on one/)
  expect(() => convert('let a = x[i')).toThrow(/must close each index/)
})
