// dx[B,3,H], dh[B,3,H] and dbefore[B,H] of dy[B,H]; the last two only where FIRST = 0. One invocation per unit.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.B * u.H) { return; }
  let at = i / u.H * (3u * u.H) + i % u.H;
  let r = gates[at];
  let z = gates[at + u.H];
  let n = gates[at + 2u * u.H];
  let dn = dy[i] * (1.0 - z) * (1.0 - n * n);
#if u.FIRST == 1
  let dr = 0.0;
  let dz = -dy[i] * n * z * (1.0 - z);
#else
  let dr = dn * h_at(at + 2u * u.H) * r * (1.0 - r);
  let dz = dy[i] * (before_at(i) - n) * z * (1.0 - z);
  dh[at] = dr;
  dh[at + u.H] = dz;
  dh[at + 2u * u.H] = dn * r;
  dbefore[i] = dy[i] * z;
#end
  dx[at] = dr;
  dx[at + u.H] = dz;
  dx[at + 2u * u.H] = dn;
}
