// What norm/forward-*.wgsl share: statistics from sums, and the formula.
// The sums are taken of differences from the cell's first element: a large mean would swallow a small variance.
fn origin_of(start: u32) -> f32 {
#if u.RMS == 1
  return 0.0;
#else
  return first(x[start]);
#end
}

// Mean and 1 / deviation from the sums of differences and of their squares.
fn statistics(origin: f32, sums: vec2<f32>) -> vec2<f32> {
  let means = sums / ELEMENTS;
  let epsilon = bitcast<f32>(u.EPSILON);
#if u.RMS == 1
  return vec2<f32>(0.0, 1.0 / sqrt(means.y + epsilon));
#else
  return vec2<f32>(origin + means.x, 1.0 / sqrt(max(means.y - means.x * means.x, 0.0) + epsilon));
#end
}

fn normalised(value: x_t, found: vec2<f32>, channels: u32) -> x_t {
  var result = (value - found.x) * found.y;
#if u.SCALE == 1
  result *= scale_at(channels);
#end
#if u.SHIFT == 1
  result += shift_at(channels);
#end
  return result;
}

fn keep(cell: u32, found: vec2<f32>) {
#if u.RMS == 0
  mean[cell] = found.x;
#end
  rstd[cell] = found.y;
}
