// gates[B,4,H] = i, f, g, o of x + h; cell[B,H] = f * c + i * g; y[B,H] = o * tanh(cell); h and c are 0 where FIRST = 1. One invocation per unit.
fn gate_input(at: u32) -> f32 {
#if u.FIRST == 1
  return x[at];
#else
  return x[at] + h_at(at);
#end
}
fn sigmoid(z: f32) -> f32 { return 1.0 / (1.0 + exp(-z)); }
// tanh overflows to NaN for large arguments on some drivers.
fn tanh_of(z: f32) -> f32 { return tanh(clamp(z, -15.0, 15.0)); }

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let n = id.y * u.ROW_INVOCATIONS + id.x;
  if (n >= u.B * u.H) { return; }
  let at = n / u.H * (4u * u.H) + n % u.H;
  let i = sigmoid(gate_input(at));
  let f = sigmoid(gate_input(at + u.H) + 1.0);
  let g = tanh_of(gate_input(at + 2u * u.H));
  let o = sigmoid(gate_input(at + 3u * u.H));
#if u.FIRST == 1
  let state = i * g;
#else
  let state = f * c_at(n) + i * g;
#end
  gates[at] = i;
  gates[at + u.H] = f;
  gates[at + 2u * u.H] = g;
  gates[at + 3u * u.H] = o;
  cell[n] = state;
  y[n] = o * tanh_of(state);
}
