// Loss and hit of the logits of one position, a row of logits[N*T,CLASSES]:
// classes[label] * (log(sum exp(row)) - (1 - SMOOTHING) * row[label] - SMOOTHING * mean(row)).
fn row_loss(r: u32) -> vec2<f32> {
  let label = labels[r];
  let row = r * u.CLASSES;
  var best = 0u;
  var maximum = logits[row];
  for (var k = 1u; k < u.CLASSES; k++) {
    let value = logits[row + k];
    best = select(best, k, value > maximum);
    maximum = max(value, maximum);
  }
  var total = 0.0;
  var sum = 0.0;
  for (var k = 0u; k < u.CLASSES; k++) {
    let shifted = logits[row + k] - maximum;
    total += exp(shifted);
#if u.SMOOTHING > 0
    sum += shifted;
#end
  }
  let own = logits[row + min(label, u.CLASSES - 1u)] - maximum;
#if u.SMOOTHING > 0
  let smoothing = bitcast<f32>(u.SMOOTHING);
  var loss = log(total) - (1.0 - smoothing) * own - smoothing / f32(u.CLASSES) * sum;
#else
  var loss = log(total) - own;
#end
#if u.WEIGHTED == 1
  loss *= classes_at(min(label, u.CLASSES - 1u));
#end
  return vec2<f32>(loss, select(0.0, 1.0, best == label));
}
