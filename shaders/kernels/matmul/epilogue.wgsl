// c[M,N] = act(product[M,N] + bias[N]). One invocation per element.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.SIZE) { return; }
#if u.BIAS == 1
  c[i] = activate(product[i] + bias_at(i % u.N));
#else
  c[i] = activate(product[i]);
#end
}
