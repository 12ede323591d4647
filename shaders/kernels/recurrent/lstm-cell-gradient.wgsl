// dgates[B,4,H], what the gates read, and dc[B,H], of dy[B,H] and dcell[B,H] (0 where LAST = 1). One invocation per unit.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let n = id.y * u.ROW_INVOCATIONS + id.x;
  if (n >= u.B * u.H) { return; }
  let at = n / u.H * (4u * u.H) + n % u.H;
  let i = gates[at];
  let f = gates[at + u.H];
  let g = gates[at + 2u * u.H];
  let o = gates[at + 3u * u.H];
  let state = tanh(clamp(cell[n], -15.0, 15.0));
  var slope = dy[n] * o * (1.0 - state * state);
#if u.LAST == 0
  slope += dcell_at(n);
#end
  dgates[at] = slope * g * i * (1.0 - i);
#if u.FIRST == 1
  dgates[at + u.H] = 0.0;
#else
  dgates[at + u.H] = slope * c_at(n) * f * (1.0 - f);
  dc[n] = slope * f;
#end
  dgates[at + 2u * u.H] = slope * i * (1.0 - g * g);
  dgates[at + 3u * u.H] = dy[n] * state * o * (1.0 - o);
}
