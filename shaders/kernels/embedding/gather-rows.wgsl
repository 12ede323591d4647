// y[N,D] = table[min(ids[N], V - 1),D]; WIDTH elements per invocation (1 or a vec4).
const COLUMNS = u.D / WIDTH;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.N * COLUMNS) { return; }
  y[i] = table[min(ids[i / COLUMNS], u.V - 1u) * COLUMNS + i % COLUMNS];
}
