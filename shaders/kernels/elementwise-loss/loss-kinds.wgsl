// f(y, t) and f'(y, t), the derivative by y, on `value_t`, f32 or vec4<f32>; u.KIND: 0 squared error, 1 absolute error, 2 Huber, 3 binary cross-entropy of a logit.
#if u.KIND == 0
fn loss_of(y: value_t, t: value_t) -> value_t { return (y - t) * (y - t); }
fn slope_of(y: value_t, t: value_t) -> value_t { return 2.0 * (y - t); }
#end
#if u.KIND == 1
fn loss_of(y: value_t, t: value_t) -> value_t { return abs(y - t); }
fn slope_of(y: value_t, t: value_t) -> value_t { return sign(y - t); }
#end
#if u.KIND == 2
fn loss_of(y: value_t, t: value_t) -> value_t {
  let far = abs(y - t);
  let near = min(far, value_t(bitcast<f32>(u.DELTA)));
  // near^2 / 2 within delta, delta * (far - delta / 2) beyond.
  return near * (far - 0.5 * near);
}
fn slope_of(y: value_t, t: value_t) -> value_t { return clamp(y - t, value_t(-bitcast<f32>(u.DELTA)), value_t(bitcast<f32>(u.DELTA))); }
#end
#if u.KIND == 3
fn loss_of(y: value_t, t: value_t) -> value_t { return max(y, value_t()) - y * t + log(1.0 + exp(-abs(y))); }
fn slope_of(y: value_t, t: value_t) -> value_t { return 1.0 / (1.0 + exp(-y)) - t; }
#end
