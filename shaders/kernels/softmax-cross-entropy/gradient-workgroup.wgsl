// dlogits[N*T,CLASSES] = row_scale * (softmax(logits) - wanted). One workgroup per row, its invocations side by side along the classes.
alias lane_t = f32;
#include kernels/lanes.wgsl

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let r = group.x;
  let row = r * u.CLASSES;
  var own = logits[row + min(lane, u.CLASSES - 1u)];
  for (var k = lane + WG_X; k < u.CLASSES; k += WG_X) { own = max(own, logits[row + k]); }
  let maximum = largest_of_lanes(lane, own);
  var sum = 0.0;
  for (var k = lane; k < u.CLASSES; k += WG_X) { sum += exp(logits[row + k] - maximum); }
  let total = sum_of_lanes(lane, sum);
  let scale = row_scale(r);
  let label = labels[r];
  for (var k = lane; k < u.CLASSES; k += WG_X) { dlogits[row + k] = scale * (exp(logits[row + k] - maximum) / total - wanted(k, label)); }
}
