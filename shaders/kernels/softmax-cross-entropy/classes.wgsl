// loss[N] = weights[N] * mean over T of the loss of a row, correct[N] = weights[N] > 0 ? the fraction of hits : 0. One workgroup per
// example: it takes one position after another, its invocations side by side along the classes.
alias lane_t = vec2<f32>;
#include kernels/lanes.wgsl
const LOWEST = -3.0e38;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let n = group.x;
  var result = vec2<f32>();
  for (var r = n * u.T; r < (n + 1u) * u.T; r++) {
    let row = r * u.CLASSES;
    var best = min(lane, u.CLASSES - 1u);
    var own = logits[row + best];
    for (var k = lane + WG_X; k < u.CLASSES; k += WG_X) {
      let value = logits[row + k];
      best = select(best, k, value > own);
      own = max(value, own);
    }
    let maximum = largest_of_lanes(lane, vec2<f32>(own, LOWEST)).x;
    // The first class of several that are as large.
    let hit = -largest_of_lanes(lane, vec2<f32>(select(LOWEST, -f32(best), own == maximum), LOWEST)).x;
    var sum = vec2<f32>();
    for (var k = lane; k < u.CLASSES; k += WG_X) {
      let shifted = logits[row + k] - maximum;
      sum += vec2<f32>(exp(shifted), shifted);
    }
    let all = sum_of_lanes(lane, sum);
    let label = min(labels[r], u.CLASSES - 1u);
    let smoothing = bitcast<f32>(u.SMOOTHING);
    var loss_r = log(all.x) - (1.0 - smoothing) * (logits[row + label] - maximum) - smoothing / f32(u.CLASSES) * all.y;
#if u.WEIGHTED == 1
    loss_r *= classes_at(label);
#end
    result += vec2<f32>(loss_r, select(0.0, 1.0, u32(hit) == label));
  }
  if (lane == 0u) {
    loss[n] = weights[n] * result.x * (1.0 / f32(u.T));
    correct[n] = select(0.0, result.y * (1.0 / f32(u.T)), weights[n] > 0.0);
  }
}
