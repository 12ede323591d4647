// y[i] = x[source(i)], generated from the sizes and strides; WIDTH neighbours per invocation (1 or a vec4).
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i < LENGTH) { y[i] = x[source(i)]; }
}
