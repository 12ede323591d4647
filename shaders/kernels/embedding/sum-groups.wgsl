// dtable[V,D] = sum over i in starts[V]..starts[V+1] of dy[order[i],D]; WIDTH elements per invocation (1 or a vec4).
const COLUMNS = u.D / WIDTH;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.V * COLUMNS) { return; }
  let v = i / COLUMNS;
  let column = i % COLUMNS;
  let end = starts[v + 1u];
  var sum = dy_t();
  for (var at = starts[v]; at < end; at++) { sum += dy[order[at] * COLUMNS + column]; }
  dtable[i] = sum;
}
