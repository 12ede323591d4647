// order[N] = positions sorted by id, starts[V+1]: a counting sort by one invocation. Ids are counted two places up, so that
// after the running sum starts[v + 1] is where v begins, and after placing, where it ends and v + 1 begins.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main() {
  for (var v = 0u; v <= u.V; v++) { starts[v] = 0u; }
  for (var n = 0u; n < u.N; n++) {
    let v = min(ids[n], u.V - 1u) + 2u;
    if (v <= u.V) { starts[v] += 1u; }
  }
  var sum = 0u;
  for (var v = 0u; v <= u.V; v++) {
    sum += starts[v];
    starts[v] = sum;
  }
  for (var n = 0u; n < u.N; n++) {
    let v = min(ids[n], u.V - 1u) + 1u;
    let place = starts[v];
    order[place] = n;
    starts[v] = place + 1u;
  }
}
