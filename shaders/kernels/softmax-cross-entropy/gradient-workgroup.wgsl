// dlogits[N*T,CLASSES] = row_scale * (softmax(logits) - wanted). One workgroup per row, its invocations side by side along the classes.
var<workgroup> partial: array<f32, WG_X>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let r = group.x;
  let row = r * u.CLASSES;
  var own = logits[row + min(lane, u.CLASSES - 1u)];
  for (var k = lane + WG_X; k < u.CLASSES; k += WG_X) { own = max(own, logits[row + k]); }
  partial[lane] = own;
  for (var half = WG_X / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { partial[lane] = max(partial[lane], partial[lane + half]); }
  }
  workgroupBarrier();
  let maximum = partial[0];
  workgroupBarrier();
  var sum = 0.0;
  for (var k = lane; k < u.CLASSES; k += WG_X) { sum += exp(logits[row + k] - maximum); }
  partial[lane] = sum;
  for (var half = WG_X / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { partial[lane] += partial[lane + half]; }
  }
  workgroupBarrier();
  let total = partial[0];
  let scale = row_scale(r);
  let label = labels[r];
  for (var k = lane; k < u.CLASSES; k += WG_X) { dlogits[row + k] = scale * (exp(logits[row + k] - maximum) / total - wanted(k, label)); }
}
