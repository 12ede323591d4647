// y[N,P,C] = (x[N,P,C] - mean[N,G]) * rstd[N,G] * scale[C] + shift[C]; WG_X invocations per cell, WG_Y cells per workgroup.
var<workgroup> sums_of: array<x_t, WG_X * WG_Y>;
var<workgroup> squares_of: array<x_t, WG_X * WG_Y>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let own = (group.y * (ROW_INVOCATIONS / WG_X) + group.x) * WG_Y + local.y;
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
  sums_of[slot] = sum;
  squares_of[slot] = squares;
  for (var half = WG_X / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local.x < half) {
      sums_of[slot] += sums_of[slot + half];
      squares_of[slot] += squares_of[slot + half];
    }
  }
  workgroupBarrier();
  if (own < CELLS) {
    let found = statistics(origin, sums_of[local.y * WG_X], squares_of[local.y * WG_X]);
    if (local.x == 0u) { keep(cell, found); }
    for (var i = local.x; i < BLOCKS; i += WG_X) {
      let at = start + block_at(i);
      let line = line_of(found, channels_at(cell, i));
      y[at] = x[at] * line.factor + line.offset;
    }
  }
}
