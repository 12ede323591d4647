// metrics[0] += sum of loss[N]; metrics[1] += sum of correct[N] (where CORRECT = 1); metrics[2] += number of weights[N] > 0. One workgroup.
var<workgroup> partial: array<vec4<f32>, WG_X>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>) {
  var sum = vec4<f32>();
  for (var n = local.x; n < u.N; n += WG_X) {
    sum += vec4<f32>(loss[n], correct_at(n), select(0.0, 1.0, weights[n] > 0.0), 0.0);
  }
  partial[local.x] = sum;
  workgroupBarrier();
  if (local.x == 0u) {
    for (var i = 1u; i < WG_X; i++) { sum += partial[i]; }
    metrics[0] += sum.x;
    metrics[1] += sum.y;
    metrics[2] += sum.z;
  }
}
