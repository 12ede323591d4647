// y[OUTER,INNER] = sum over AXIS of x[OUTER,AXIS,INNER], divided by AXIS where MEAN = 1.
// One workgroup per WG_X neighbouring columns: its WG_Y rows stride down the axis, then add up in workgroup memory.
var<workgroup> partial: array<f32, WG_X * WG_Y>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let column = group.x * WG_X + local.x;
  let start = group.y * (u.AXIS * u.INNER) + min(column, u.INNER - 1u);
  var sum = 0.0;
  for (var k = local.y; k < u.AXIS; k += WG_Y) { sum += x[start + k * u.INNER]; }
  let slot = local.y * WG_X + local.x;
  partial[slot] = sum;
  for (var half = WG_Y / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local.y < half) { partial[slot] += partial[slot + half * WG_X]; }
  }
  if (local.y == 0u && column < u.INNER) {
#if u.MEAN == 1
    y[group.y * u.INNER + column] = partial[slot] * (1.0 / f32(u.AXIS));
#else
    y[group.y * u.INNER + column] = partial[slot];
#end
  }
}
