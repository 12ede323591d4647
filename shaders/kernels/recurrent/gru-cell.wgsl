// gates[B,3,H] = r, z, n; y[B,H] = (1 - z) * n + z * before; h and before are 0 where FIRST = 1. One invocation per unit.
fn sigmoid(x: f32) -> f32 { return 1.0 / (1.0 + exp(-x)); }

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.B * u.H) { return; }
  let at = i / u.H * (3u * u.H) + i % u.H;
#if u.FIRST == 1
  let r = sigmoid(x[at]);
  let z = sigmoid(x[at + u.H]);
  // tanh overflows to NaN for large arguments on some drivers.
  let n = tanh(clamp(x[at + 2u * u.H], -15.0, 15.0));
  y[i] = (1.0 - z) * n;
#else
  let r = sigmoid(x[at] + h_at(at));
  let z = sigmoid(x[at + u.H] + h_at(at + u.H));
  let n = tanh(clamp(x[at + 2u * u.H] + r * h_at(at + 2u * u.H), -15.0, 15.0));
  y[i] = (1.0 - z) * n + z * before_at(i);
#end
  gates[at] = r;
  gates[at + u.H] = z;
  gates[at + 2u * u.H] = n;
}
