// taken = sum of partials[PARTIALS] is 0; taken ? every INTERVAL good steps doublings += 1 : doublings -= 1, skipped += 1;
// within LOWEST and HIGHEST. state = doublings, good, skipped, taken. One workgroup.
alias lane_t = f32;
#include kernels/lanes.wgsl

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32) {
  var own = 0.0;
  for (var i = lane; i < u.PARTIALS; i += WG_X) { own += partials[i]; }
  let wrong = sum_of_lanes(lane, own) > 0.0;
  if (lane == 0u) {
    let good = select(state[1] + 1.0, 0.0, wrong);
    let grows = good >= f32(u.INTERVAL);
    let doublings = state[0] + select(select(0.0, 1.0, grows), -1.0, wrong);
    state[0] = clamp(doublings, f32(u.LOWEST) - f32(u.INITIAL), f32(u.HIGHEST) - f32(u.INITIAL));
    state[1] = select(good, 0.0, grows);
    state[2] = state[2] + select(0.0, 1.0, wrong);
    state[3] = select(1.0, 0.0, wrong);
  }
}
