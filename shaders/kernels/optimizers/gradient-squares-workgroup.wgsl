// partials[FIRST + b] = sum of gradient^2 over elements b * SPAN .. (b + 1) * SPAN; one workgroup per block.
var<workgroup> shared_sums: array<f32, WG_X>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let block = group.y * (u.ROW_INVOCATIONS / WG_X) + group.x;
  let start = block * (u.SPAN / 4u);
  var sums = vec4<f32>();
  for (var i = start + local.x; i < min(start + u.SPAN / 4u, u.SIZE / 4u); i += WG_X) {
    let g = gradient(i);
    sums += g * g;
  }
  shared_sums[local.x] = (sums.x + sums.y) + (sums.z + sums.w);
  for (var half = WG_X / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local.x < half) { shared_sums[local.x] += shared_sums[local.x + half]; }
  }
  if ((local.x == 0u) & (start < u.SIZE / 4u)) { partials[u.FIRST + block] = shared_sums[0]; }
}
