// What norm/input-gradient-*.wgsl share.
#if u.RMS == 1
fn mean_of(cell: u32) -> f32 { return 0.0; }
#else
fn mean_of(cell: u32) -> f32 { return mean_at(cell); }
#end

// dy * scale: the gradient of the normalised value.
fn inner(at: u32, channels: u32) -> x_t {
#if u.SCALE == 1
  return dy[at] * scale_at(channels);
#else
  return dy[at];
#end
}

// `sums` are those of the inner gradient and of its product with the normalised value.
fn gradient(inner_gradient: x_t, value: x_t, deviation: f32, sums: vec2<f32>) -> x_t {
#if u.RMS == 1
  return deviation * (inner_gradient - value * (sums.y / ELEMENTS));
#else
  return deviation * (inner_gradient - sums.x / ELEMENTS - value * (sums.y / ELEMENTS));
#end
}
