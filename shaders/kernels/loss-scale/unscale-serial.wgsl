// SCALED = 1: grads[SIZE] /= scale; partials[b] = how many of grads[b * SPAN .. (b + 1) * SPAN] are not finite. One invocation per block.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let block = id.y * u.ROW_INVOCATIONS + id.x;
  let start = block * (u.SPAN / 4u);
  if (start >= u.SIZE / 4u) { return; }
  let factor = inverse();
  var wrong = 0.0;
  for (var i = start; i < min(start + u.SPAN / 4u, u.SIZE / 4u); i++) { wrong += unscaled(i, factor); }
  partials[block] = wrong;
}
