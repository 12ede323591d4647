// order[N] = positions sorted by id, starts[V+1]. Invocation i < N finds the place of position i: the number of smaller ids,
// and of equal ones before it. Invocation N + v finds starts[v]: the number of ids below v.
var<workgroup> tile: array<u32, WG_X>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  let is_position = i < u.N;
  let key = select(i - u.N, min(ids[min(i, u.N - 1u)], u.V - 1u), is_position);
  // Equal ids count where they stand before this bound.
  let bound = select(0u, i, is_position);
  var place = 0u;
  for (var start = 0u; start < u.N; start += WG_X) {
    workgroupBarrier();
    // What lies beyond N is larger than any key.
    tile[lane] = select(u.V, min(ids[min(start + lane, u.N - 1u)], u.V - 1u), start + lane < u.N);
    workgroupBarrier();
    for (var k = 0u; k < WG_X; k++) {
      let other = tile[k];
      place += select(0u, 1u, (other < key) | ((other == key) & (start + k < bound)));
    }
  }
  if (is_position) {
    order[place] = i;
  } else if (i <= u.N + u.V) {
    starts[i - u.N] = place;
  }
}
