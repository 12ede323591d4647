// y[OUTER,LENGTH,INNER] = x[OUTER, START - BEFORE + LENGTH, INNER] within its AXIS, else VALUE; WIDTH neighbours per invocation (1 or a vec4).
const ROW = u.INNER / WIDTH;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.OUTER * u.LENGTH * ROW) { return; }
  let a = i / ROW % u.LENGTH + u.START;
  let at = min(max(a, u.BEFORE) - u.BEFORE, u.AXIS - 1u);
  let inside = (a >= u.BEFORE) & (a < u.AXIS + u.BEFORE);
  y[i] = select(y_t(bitcast<f32>(u.VALUE)), x[(i / (ROW * u.LENGTH) * u.AXIS + at) * ROW + i % ROW], inside);
}
