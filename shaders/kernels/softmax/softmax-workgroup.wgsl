// y[ROWS,COLS] = exp(x) / sum over COLS of exp(x). One workgroup per row, its invocations side by side along the columns.
var<workgroup> partial: array<f32, WG_X>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let row = group.x * u.COLS;
  var own = x[row + min(lane, u.COLS - 1u)];
  for (var k = lane + WG_X; k < u.COLS; k += WG_X) { own = max(own, x[row + k]); }
  partial[lane] = own;
  for (var half = WG_X / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { partial[lane] = max(partial[lane], partial[lane + half]); }
  }
  workgroupBarrier();
  let maximum = partial[0];
  workgroupBarrier();
  var sum = 0.0;
  for (var k = lane; k < u.COLS; k += WG_X) { sum += exp(x[row + k] - maximum); }
  partial[lane] = sum;
  for (var half = WG_X / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { partial[lane] += partial[lane + half]; }
  }
  workgroupBarrier();
  let total = partial[0];
  for (var k = lane; k < u.COLS; k += WG_X) { y[row + k] = exp(x[row + k] - maximum) / total; }
}
