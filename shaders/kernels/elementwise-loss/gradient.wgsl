// dy[N,SIZE] = weights[N] * upstream[N] / SIZE * f'(y, goal); upstream is 1 where not bound. WIDTH elements per invocation (1 or a vec4).
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.N * u.SIZE / WIDTH) { return; }
  let n = i / (u.SIZE / WIDTH);
#if u.UPSTREAM == 1
  let scale = weights[n] * upstream_at(n) * (1.0 / f32(u.SIZE));
#else
  let scale = weights[n] * (1.0 / f32(u.SIZE));
#end
  dy[i] = scale * slope_of(y[i], goal[i]);
}
