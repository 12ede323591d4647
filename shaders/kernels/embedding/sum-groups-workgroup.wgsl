// dtable[V,D] = sum over i in starts[V]..starts[V+1] of dy[order[i],D], in vec4s. One workgroup per id and WG_X columns:
// its WG_Y rows stride through the positions of that id, then add up in workgroup memory.
const COLUMNS = u.D / 4u;
var<workgroup> partial: array<vec4<f32>, WG_X * WG_Y>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let column = group.x * WG_X + local.x;
  let end = starts[group.y + 1u];
  var sum = vec4<f32>();
  for (var at = starts[group.y] + local.y; at < end; at += WG_Y) { sum += dy[order[at] * COLUMNS + min(column, COLUMNS - 1u)]; }
  let slot = local.y * WG_X + local.x;
  partial[slot] = sum;
  for (var half = WG_Y / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local.y < half) { partial[slot] += partial[slot + half * WG_X]; }
  }
  if ((local.y == 0u) & (column < COLUMNS)) { dtable[group.y * COLUMNS + column] = partial[slot]; }
}
