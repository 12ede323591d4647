// partials[FIRST + b] = sum of gradient^2 over elements b * SPAN .. (b + 1) * SPAN; one invocation per block.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let block = id.y * u.ROW_INVOCATIONS + id.x;
  let start = block * (u.SPAN / 4u);
  if (start >= u.SIZE / 4u) { return; }
  var sums = vec4<f32>();
  for (var i = start; i < min(start + u.SPAN / 4u, u.SIZE / 4u); i++) {
    let g = gradient(i);
    sums += g * g;
  }
  partials[u.FIRST + block] = (sums.x + sums.y) + (sums.z + sums.w);
}
