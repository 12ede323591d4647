// Two sums at once over the invocations of a workgroup that stand `stride` slots apart; slot is the invocation's own.
// The first of each group of `count` then has the sums in its slot, for itself; after a barrier, for all.
var<workgroup> first_sums: array<x_t, WG_X * WG_Y>;
var<workgroup> second_sums: array<x_t, WG_X * WG_Y>;

#if subgroups == 1
// As lanes.wgsl does: of all invocations, so count is WG_X and stride 1.
fn add_up(slot: u32, place: u32, count: u32, stride: u32, first: x_t, second: x_t) {
  let elected = subgroupElect();
  first_sums[slot] = select(x_t(), subgroupAdd(first), elected);
  second_sums[slot] = select(x_t(), subgroupAdd(second), elected);
  workgroupBarrier();
  let step = subgroupAdd(1u);
  var first_rest = x_t();
  var second_rest = x_t();
  for (var i = subgroupExclusiveAdd(1u); i < WG_X; i += step) {
    first_rest += first_sums[i];
    second_rest += second_sums[i];
  }
  let first_total = subgroupAdd(first_rest);
  let second_total = subgroupAdd(second_rest);
  workgroupBarrier();
  if (place == 0u) {
    first_sums[slot] = first_total;
    second_sums[slot] = second_total;
  }
}
#else
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
#end
