// turned[KH,KW,F,C] = w[KH-1-kh, KW-1-kw, C, F] as vec4s: with stride 1, dx is dy convolved with it. One invocation per vec4.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  let blocks = u.CHANNELS / 4u;
  if (i >= u.TAPS * u.FILTERS * blocks) { return; }
  let tap = u.TAPS - 1u - i / (u.FILTERS * blocks);
  let at = (tap * u.CHANNELS + i % blocks * 4u) * u.FILTERS + i / blocks % u.FILTERS;
  turned[i] = vec4<f32>(w[at], w[at + u.FILTERS], w[at + 2u * u.FILTERS], w[at + 3u * u.FILTERS]);
}
