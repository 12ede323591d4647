// loss[N] = weights[N] * mean over T of the loss of a row, correct[N] = weights[N] > 0 ? the fraction of hits : 0. One workgroup per
// example: it takes one position after another, its invocations side by side along the classes.
var<workgroup> highest: array<f32, WG_X>;
// The first class of each invocation's largest logit.
var<workgroup> bests: array<u32, WG_X>;
// Sums of exponentials and of logits, both less the maximum.
var<workgroup> sums: array<vec2<f32>, WG_X>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let n = group.x;
  var result = vec2<f32>();
  for (var r = n * u.T; r < (n + 1u) * u.T; r++) {
    let row = r * u.CLASSES;
    var best = min(lane, u.CLASSES - 1u);
    var maximum = logits[row + best];
    for (var k = lane + WG_X; k < u.CLASSES; k += WG_X) {
      let value = logits[row + k];
      best = select(best, k, value > maximum);
      maximum = max(value, maximum);
    }
    highest[lane] = maximum;
    bests[lane] = best;
    for (var half = WG_X / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (lane < half) {
        let other = highest[lane + half];
        let earlier = (other > highest[lane]) | ((other == highest[lane]) & (bests[lane + half] < bests[lane]));
        bests[lane] = select(bests[lane], bests[lane + half], earlier);
        highest[lane] = max(highest[lane], other);
      }
    }
    workgroupBarrier();
    maximum = highest[0];
    best = bests[0];
    var sum = vec2<f32>();
    for (var k = lane; k < u.CLASSES; k += WG_X) {
      let shifted = logits[row + k] - maximum;
      sum += vec2<f32>(exp(shifted), shifted);
    }
    sums[lane] = sum;
    for (var half = WG_X / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (lane < half) { sums[lane] += sums[lane + half]; }
    }
    workgroupBarrier();
    let label = min(labels[r], u.CLASSES - 1u);
    let smoothing = bitcast<f32>(u.SMOOTHING);
    var loss_r = log(sums[0].x) - (1.0 - smoothing) * (logits[row + label] - maximum) - smoothing / f32(u.CLASSES) * sums[0].y;
#if u.WEIGHTED == 1
    loss_r *= classes_at(label);
#end
    result += vec2<f32>(loss_r, select(0.0, 1.0, best == label));
    workgroupBarrier();
  }
  if (lane == 0u) {
    loss[n] = weights[n] * result.x * (1.0 / f32(u.T));
    correct[n] = select(0.0, result.y * (1.0 / f32(u.T)), weights[n] > 0.0);
  }
}
