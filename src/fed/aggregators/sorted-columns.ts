// Sorts every coordinate over the updates of a round, for rules that work on ranks. A sorting network over whole blocks
// of coordinates has no branch to mispredict: every step is one loop of minima and maxima (Batcher 1968, odd-even merge).

/** Room for a block of all updates, in elements: 32 KB, a first-level cache. */
const WORK_ELEMENTS = 8192

/** Pairs (low, high) of rows to compare and exchange, flat. Only those that decide the `wanted` ranks remain. */
export function sortingNetwork(rows: number, wanted: readonly number[]): Uint32Array {
  const pairs: number[] = []
  for (let p = 1; p < rows; p *= 2) {
    for (let k = p; k >= 1; k /= 2) {
      for (let j = k % p; j + k < rows; j += 2 * k) {
        for (let i = j; i < Math.min(j + k, rows - k); i++) {
          if (Math.floor(i / (2 * p)) === Math.floor((i + k) / (2 * p))) pairs.push(i, i + k)
        }
      }
    }
  }
  return prune(pairs, wanted)
}

function prune(pairs: readonly number[], wanted: readonly number[]): Uint32Array {
  const needed = new Set(wanted)
  const kept: number[] = []
  for (let at = pairs.length - 2; at >= 0; at -= 2) {
    const low = pairs[at]!, high = pairs[at + 1]!
    if (!needed.has(low) && !needed.has(high)) continue
    needed.add(low).add(high)
    kept.push(high, low)
  }
  return Uint32Array.from(kept.reverse())
}

/** [size]: for each coordinate the mean of the values of ranks first..last over the updates. */
export function meanOfRanks(updates: readonly Float32Array[], first: number, last: number): Float32Array {
  const rows = updates.length
  const size = updates[0]!.length
  const network = sortingNetwork(rows, Array.from({ length: last - first + 1 }, (_, i) => first + i))
  const block = Math.max(64, Math.floor(WORK_ELEMENTS / rows))
  const work = Array.from({ length: rows }, () => new Int32Array(block))
  const sums = new Float64Array(block)
  const result = new Float32Array(size)
  for (let start = 0; start < size; start += block) {
    const count = Math.min(block, size - start)
    for (let row = 0; row < rows; row++) keysOf(updates[row]!.subarray(start, start + count), work[row]!)
    for (let at = 0; at < network.length; at += 2) compareExchange(work[network[at]!]!, work[network[at + 1]!]!, count)
    sums.fill(0)
    for (let rank = first; rank <= last; rank++) accumulate(sums, work[rank]!, count)
    const divisor = last - first + 1
    for (let k = 0; k < count; k++) result[start + k] = sums[k]! / divisor
  }
  return result
}

/** Integers in the order of the floats: as sign and magnitude, floats are ordered like their bits. Its own inverse. */
const flip = (bits: number): number => bits ^ ((bits >> 31) & 0x7fffffff)

function keysOf(values: Float32Array, keys: Int32Array): void {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length)
  for (let k = 0; k < bits.length; k++) keys[k] = flip(bits[k]!)
}

/** Without a comparison, which engines make a branch that is mispredicted every second time: three times slower. */
function compareExchange(low: Int32Array, high: Int32Array, count: number): void {
  for (let k = 0; k < count; k++) {
    const a = low[k]!, b = high[k]!
    const difference = a ^ b
    const gap = (a - b) | 0
    // The sign of a - b, corrected where the subtraction overflowed: all ones where a < b.
    const swap = difference & ~((gap ^ (difference & (gap ^ a))) >> 31)
    low[k] = a ^ swap
    high[k] = b ^ swap
  }
}

function accumulate(sums: Float64Array, keys: Int32Array, count: number): void {
  // The keys are not needed again: turned back in place, they are floats.
  for (let k = 0; k < count; k++) keys[k] = flip(keys[k]!)
  const values = new Float32Array(keys.buffer, 0, count)
  for (let k = 0; k < count; k++) sums[k]! += values[k]!
}
