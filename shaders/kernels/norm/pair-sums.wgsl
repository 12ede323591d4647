// Two sums at once over the invocations of a workgroup that stand `stride` slots apart; slot is the invocation's own.
// The first of each group of `count` then has the sums in its slot, for itself; after a barrier, for all.
var<workgroup> first_sums: array<x_t, WG_X * WG_Y>;
var<workgroup> second_sums: array<x_t, WG_X * WG_Y>;

fn add_up(slot: u32, place: u32, count: u32, stride: u32, first: x_t, second: x_t) {
  first_sums[slot] = first;
  second_sums[slot] = second;
  for (var half = count / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (place < half) {
      first_sums[slot] += first_sums[slot + half * stride];
      second_sums[slot] += second_sums[slot + half * stride];
    }
  }
}
