// What the gradient of row r is scaled by, and what is taken off the probability of class k.
fn row_scale(r: u32) -> f32 {
  let n = r / u.T;
  var scale = weights[n] * (1.0 / f32(u.T));
#if u.UPSTREAM == 1
  scale *= upstream_at(n);
#end
#if u.WEIGHTED == 1
  scale *= classes_at(min(labels[r], u.CLASSES - 1u));
#end
  return scale;
}
fn wanted(k: u32, label: u32) -> f32 {
  let smoothing = bitcast<f32>(u.SMOOTHING);
  return select(0.0, 1.0 - smoothing, k == label) + smoothing / f32(u.CLASSES);
}
