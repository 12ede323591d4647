// dx[N,P,C] = rstd * (g - mean of g - z * mean of g * z), g = dy * scale, z = (x - mean) * rstd, means over a cell (RMS: without the first).
// WG_X invocations per cell, WG_Y cells per workgroup.
var<workgroup> partial: array<vec2<f32>, WG_X * WG_Y>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let own = (group.y * (ROW_INVOCATIONS / WG_X) + group.x) * WG_Y + local.y;
  let cell = min(own, CELLS - 1u);
  let start = cell_start(cell);
  let center = mean_of(cell);
  let deviation = rstd[cell];
  var sum = x_t();
  var products = x_t();
  for (var i = local.x; i < BLOCKS; i += WG_X) {
    let at = start + block_at(i);
    let g = inner(at, channels_at(cell, i));
    sum += g;
    products += g * (x[at] - center);
  }
  let slot = local.y * WG_X + local.x;
  partial[slot] = vec2<f32>(total(sum), total(products) * deviation);
  for (var half = WG_X / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local.x < half) { partial[slot] += partial[slot + half]; }
  }
  workgroupBarrier();
  if (own < CELLS) {
    let sums = partial[local.y * WG_X];
    for (var i = local.x; i < BLOCKS; i += WG_X) {
      let at = start + block_at(i);
      dx[at] = gradient(inner(at, channels_at(cell, i)), (x[at] - center) * deviation, deviation, sums);
    }
  }
}
