// dx[N,P,C] = rstd * (g - mean of g - z * mean of g * z), g = dy * scale, z = (x - mean) * rstd, means over a cell (RMS: without the first).
// WG_X invocations per cell, WG_Y cells per workgroup.
#include kernels/norm/pair-sums.wgsl

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let own = (group.y * (u.ROW_INVOCATIONS / WG_X) + group.x) * WG_Y + local.y;
  let cell = min(own, CELLS - 1u);
  let start = cell_start(cell);
  let center = mean_of(cell);
  let deviation = rstd_of(cell);
  var sum = x_t();
  var products = x_t();
  for (var i = local.x; i < BLOCKS; i += WG_X) {
    let at = start + block_at(i);
    let g = dy[at] * scale_of(channels_at(cell, i));
    sum += g;
    products += g * (x[at] - center);
  }
  let slot = local.y * WG_X + local.x;
  add_up(slot, local.x, WG_X, 1u, sum, products);
  workgroupBarrier();
  if (own < CELLS) {
    // dx = deviation * (factor * dy - mean_inner - (x - center) * slope)
    let mean_inner = mean_or_zero(total(first_sums[local.y * WG_X]) / ELEMENTS);
    let slope = total(second_sums[local.y * WG_X]) * deviation * deviation / ELEMENTS;
    for (var i = local.x; i < BLOCKS; i += WG_X) {
      let at = start + block_at(i);
      dx[at] = deviation * (dy[at] * scale_of(channels_at(cell, i)) - mean_inner - (x[at] - center) * slope);
    }
  }
}
