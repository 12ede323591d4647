// y[OUTER,INNER] = sum over AXIS of x[OUTER,AXIS,INNER], divided by AXIS where MEAN = 1, or one part of the sums (whole.wgsl, split.wgsl).
// One workgroup per WG_X neighbouring columns: its WG_Y rows stride down the axis, then add up in workgroup memory.
var<workgroup> partial: array<f32, WG_X * WG_Y>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let column = group.x * WG_X + local.x;
  let start = group.y * (u.AXIS * u.INNER) + min(column, u.INNER - 1u);
  var sum = 0.0;
  let end = last_row(group.z);
  for (var k = first_row(group.z) + local.y; k < end; k += WG_Y) { sum += x[start + k * u.INNER]; }
  let slot = local.y * WG_X + local.x;
  partial[slot] = sum;
  for (var half = WG_Y / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local.y < half) { partial[slot] += partial[slot + half * WG_X]; }
  }
  if (local.y == 0u && column < u.INNER) { keep(group.z, group.y * u.INNER + column, partial[slot]); }
}
