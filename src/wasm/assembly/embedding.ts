// Rows of a table by id, positions sorted by id, and rows summed by id.
import { arg, at, begin } from './simd'

@inline function idAt(ids: usize, n: i32, groups: i32): i32 { return <i32>min(load<u32>(ids + <usize>n * 4), <u32>(groups - 1)) }

/** args: table, ids, y, N, V, D. A part copies some rows. */
export function gather_rows(args: usize, part: i32, parts: i32, own: usize): void {
  const bytes = <usize>arg(args, 5) * 4, end = begin(arg(args, 3), part + 1, parts)
  for (let n = begin(arg(args, 3), part, parts); n < end; n++) memory.copy(at(args, 2) + <usize>n * bytes, at(args, 0) + <usize>idAt(at(args, 1), n, arg(args, 4)) * bytes, bytes)
}

/** args: ids, order, starts, N, V. Counting sort in one part; own: V counters. */
export function group_ids(args: usize, part: i32, parts: i32, own: usize): void {
  const ids = at(args, 0), starts = at(args, 2), N = arg(args, 3), V = arg(args, 4)
  memory.fill(starts, 0, <usize>(V + 1) * 4)
  for (let n = 0; n < N; n++) {
    const count = starts + <usize>(idAt(ids, n, V) + 1) * 4
    store<u32>(count, load<u32>(count) + 1)
  }
  for (let v = 0; v < V; v++) store<u32>(starts + <usize>(v + 1) * 4, load<u32>(starts + <usize>(v + 1) * 4) + load<u32>(starts + <usize>v * 4))
  memory.copy(own, starts, <usize>V * 4)
  for (let n = 0; n < N; n++) {
    const next = own + <usize>idAt(ids, n, V) * 4, place = load<u32>(next)
    store<u32>(at(args, 1) + <usize>place * 4, <u32>n)
    store<u32>(next, place + 1)
  }
}

/** args: order, starts, dy, dtable, V, D. A part computes some rows of the table. */
export function sum_groups(args: usize, part: i32, parts: i32, own: usize): void {
  const V = arg(args, 4), D = arg(args, 5), bytes = <usize>D * 4, end = begin(V, part + 1, parts)
  for (let v = begin(V, part, parts); v < end; v++) {
    const to = at(args, 3) + <usize>v * bytes, last = load<u32>(at(args, 1) + <usize>(v + 1) * 4)
    memory.fill(to, 0, bytes)
    for (let i = load<u32>(at(args, 1) + <usize>v * 4); i < last; i++) {
      const from = at(args, 2) + <usize>load<u32>(at(args, 0) + <usize>i * 4) * bytes
      let c: usize = 0
      for (; c + 16 <= bytes; c += 16) v128.store(to + c, f32x4.add(v128.load(to + c), v128.load(from + c)))
      for (; c < bytes; c += 4) f32.store(to + c, f32.load(to + c) + f32.load(from + c))
    }
  }
}
