// spread[N, (OH-1)*SH+1, (OW-1)*SW+1, F] = dy[N,OH,OW,F] with zeros between its pixels, as vec4s: dx with strides is the dx with
// stride 1 of that. One invocation per vec4.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.PIXELS * u.BLOCKS) { return; }
  let pixel = i / u.BLOCKS;
  let column = pixel % u.WIDTH;
  let line = pixel / u.WIDTH;
  let row = line % u.HEIGHT;
  let at = ((line / u.HEIGHT * u.OUT_H + row / ${u.SH}u) * u.OUT_W + column / ${u.SW}u) * u.BLOCKS + i % u.BLOCKS;
  spread[i] = select(vec4<f32>(), dy[at], (row % ${u.SH}u == 0u) & (column % ${u.SW}u == 0u));
}
