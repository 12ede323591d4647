// SCALED = 1: grads[SIZE] /= scale; partials[b] = how many of grads[b * SPAN .. (b + 1) * SPAN] are not finite. One workgroup per block.
alias lane_t = f32;
#include kernels/lanes.wgsl

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let block = group.y * (u.ROW_INVOCATIONS / WG_X) + group.x;
  let start = block * (u.SPAN / 4u);
  let factor = inverse();
  var wrong = 0.0;
  for (var i = start + lane; i < min(start + u.SPAN / 4u, u.SIZE / 4u); i += WG_X) { wrong += unscaled(i, factor); }
  let all = sum_of_lanes(lane, wrong);
  if ((lane == 0u) & (start < u.SIZE / 4u)) { partials[block] = all; }
}
