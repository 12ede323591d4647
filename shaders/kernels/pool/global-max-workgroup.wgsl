// y[N,C] = max over P of x[N,P,C]; place[N,C] = the first P that has it. One workgroup per example and WG_X channels: its WG_Y rows
// stride over the positions, then compare in workgroup memory.
var<workgroup> bests: array<f32, WG_X * WG_Y>;
var<workgroup> places: array<u32, WG_X * WG_Y>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let own = group.x * WG_X + local.x;
  let c = min(own, u.C - 1u);
  let start = group.y * (u.P * u.C) + c;
  // Rows beyond the last position repeat the first, which can win nothing that it has not.
  var at = select(0u, local.y, local.y < u.P);
  var best = x[start + at * u.C];
  for (var p = local.y + WG_Y; p < u.P; p += WG_Y) {
    let value = x[start + p * u.C];
    let better = value > best;
    best = select(best, value, better);
    at = select(at, p, better);
  }
  let slot = local.y * WG_X + local.x;
  bests[slot] = best;
  places[slot] = at;
  for (var half = WG_Y / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local.y < half) {
      let other = slot + half * WG_X;
      let better = (bests[other] > bests[slot]) | ((bests[other] == bests[slot]) & (places[other] < places[slot]));
      bests[slot] = select(bests[slot], bests[other], better);
      places[slot] = select(places[slot], places[other], better);
    }
  }
  if ((local.y == 0u) & (own < u.C)) {
    y[group.y * u.C + own] = bests[slot];
    place[group.y * u.C + own] = places[slot];
  }
}
