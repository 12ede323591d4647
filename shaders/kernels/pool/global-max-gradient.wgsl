// dx[N,P,C] = dy[N,C] where P is place[N,C], else 0; WIDTH channels per invocation (1 or a vec4).
const CB = u.C / WIDTH;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.N * u.P * CB) { return; }
  let pooled = i / (u.P * CB) * CB + i % CB;
  let p = i / CB % u.P;
#if dx.width == 4
  let found = vec4<u32>(place[pooled * 4u], place[pooled * 4u + 1u], place[pooled * 4u + 2u], place[pooled * 4u + 3u]) == vec4<u32>(p);
#else
  let found = place[pooled] == p;
#end
  dx[i] = select(dx_t(), dy[pooled], found);
}
