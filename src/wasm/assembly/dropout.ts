// Dropout by Philox 4x32-10 (Salmon et al. 2011): four elements at a time, as four numbers come together.
import { arg, at, begin, storeLanes } from './simd'

/** args: x, random, y, SIZE, STREAM, THRESHOLD, SCALE (bits). A part does some blocks of 256 elements. */
export function dropout(args: usize, part: i32, parts: i32, own: usize): void {
  const size = arg(args, 3), blocks = (size + 255) / 256, threshold = i32x4.splat(arg(args, 5)), scale = f32x4.splat(f32.load(args, 24))
  const last = min(size, 256 * begin(blocks, part + 1, parts))
  for (let i = 256 * begin(blocks, part, parts); i < last; i += 4) {
    const words = philox(<u32>(i >> 2), load<u32>(at(args, 1), 8), <u32>arg(args, 4), load<u32>(at(args, 1)), load<u32>(at(args, 1), 4))
    const kept = i32x4.ge_u(words, threshold), o = <usize>i * 4
    storeLanes(at(args, 2) + o, v128.and(f32x4.mul(v128.load(at(args, 0) + o), scale), kept), last - i)
  }
}

/** Ten rounds over counter (c0, c1, c2, 0) and key (k0, k1). */
function philox(c0: u32, c1: u32, c2: u32, k0: u32, k1: u32): v128 {
  let c3: u32 = 0
  for (let round = 0; round < 10; round++) {
    const first = <u64>0xd2511f53 * <u64>c0, second = <u64>0xcd9e8d57 * <u64>c2
    c0 = <u32>(second >> 32) ^ c1 ^ k0
    c1 = <u32>second
    c2 = <u32>(first >> 32) ^ c3 ^ k1
    c3 = <u32>first
    k0 += 0x9e3779b9
    k1 += 0xbb67ae85
  }
  return i32x4.replace_lane(i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(<i32>c0), 1, <i32>c1), 2, <i32>c2), 3, <i32>c3)
}
