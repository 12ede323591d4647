// delta[B,H,T] = sum over D of y[B,T,H,D] * dy[B,T,H,D]; one invocation per sum, WIDTH elements at a time (1 or a vec4).
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.B * u.T * u.H) { return; }
  var sum = 0.0;
  for (var at = i * (u.D / WIDTH); at < (i + 1u) * (u.D / WIDTH); at++) {
#if WIDTH == 4
    sum += dot(y[at], dy[at]);
#else
    sum += y[at] * dy[at];
#end
  }
  delta[(i / (u.T * u.H) * u.H + i % u.H) * u.T + i / u.H % u.T] = sum;
}
