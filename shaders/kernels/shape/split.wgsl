// y0, y1, … = parts of the rows of x[OUTER,ROW] behind one another; `put` is generated from their lengths. WIDTH neighbours per invocation (1 or a vec4).
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i < u.OUTER * ROW) { put(i / ROW, i % ROW, x[i]); }
}
