// y[OUTER,AXIS,INNER] = x[OUTER,INNER], divided by AXIS where MEAN = 1.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.OUTER * u.AXIS * u.INNER) { return; }
  let value = x[i / (u.AXIS * u.INNER) * u.INNER + i % u.INNER];
#if u.MEAN == 1
  y[i] = value * (1.0 / f32(u.AXIS));
#else
  y[i] = value;
#end
}
