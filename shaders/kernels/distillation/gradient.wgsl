// dlogits[N*T,CLASSES] = weights * upstream / T * HEAT * (softmax(z / HEAT) - softmax(t / HEAT)). One invocation per row.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let r = id.y * u.ROW_INVOCATIONS + id.x;
  if (r >= u.N * u.T) { return; }
  let s = row_of(r);
  let row = r * u.CLASSES;
#if u.UPSTREAM == 1
  let scale = weights[r / u.T] * upstream_at(r / u.T) * (HEAT / f32(u.T));
#else
  let scale = weights[r / u.T] * (HEAT / f32(u.T));
#end
  for (var k = 0u; k < u.CLASSES; k++) {
    let own = exp((logits[row + k] - s.student_max) * (1.0 / HEAT)) / s.student_total;
    dlogits[row + k] = scale * (own - exp((teacher[row + k] - s.teacher_max) * (1.0 / HEAT)) / s.teacher_total);
  }
}
