// y[N,P,C] = (x[N,P,C] - mean[N,G]) * rstd[N,G] * scale[C] + shift[C]; WG_X invocations per cell, WG_Y cells per workgroup.
#include kernels/norm/pair-sums.wgsl

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let own = (group.y * (u.ROW_INVOCATIONS / WG_X) + group.x) * WG_Y + local.y;
  let cell = min(own, CELLS - 1u);
  let start = cell_start(cell);
  let origin = origin_of(start);
  var sum = x_t();
  var squares = x_t();
  for (var i = local.x; i < BLOCKS; i += WG_X) {
    let difference = x[start + block_at(i)] - origin;
    sum += difference;
    squares += difference * difference;
  }
  let slot = local.y * WG_X + local.x;
  add_up(slot, local.x, WG_X, 1u, sum, squares);
  workgroupBarrier();
  if (own < CELLS) {
    let found = statistics(origin, first_sums[local.y * WG_X], second_sums[local.y * WG_X]);
    if (local.x == 0u) { keep(cell, found); }
    for (var i = local.x; i < BLOCKS; i += WG_X) {
      let at = start + block_at(i);
      let line = line_of(found, channels_at(cell, i));
      y[at] = x[at] * line.factor + line.offset;
    }
  }
}
