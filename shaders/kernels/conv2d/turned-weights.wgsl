// workspace[KH,KW,F,C] = w[KH-1-kh, KW-1-kw, C, F] as vec4s: with stride 1, dx is dy convolved with it. One invocation per vec4.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.KH * u.KW * u.F * (u.C / 4u)) { return; }
  let tap = u.KH * u.KW - 1u - i / (u.F * (u.C / 4u));
  let at = (tap * u.C + i % (u.C / 4u) * 4u) * u.F + i / (u.C / 4u) % u.F;
  workspace[i] = vec4<f32>(w[at], w[at + u.F], w[at + 2u * u.F], w[at + 3u * u.F]);
}
