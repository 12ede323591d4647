// What loss-scale/unscale-*.wgsl share: unscales block i of four gradients, and says how many of them were not finite.
#if u.SCALED == 1
fn inverse() -> f32 { return power_of_two(-(f32(u.INITIAL) + state_at(0u))); }
#else
fn inverse() -> f32 { return 1.0; }
#end

fn unscaled(i: u32, factor: f32) -> f32 {
  let g = grads[i];
#if u.SCALED == 1
  grads[i] = g * factor;
#end
  // By their bits: compilers may take comparisons with infinities and NaN for granted.
  let wrong = (bitcast<vec4<u32>>(g) & vec4<u32>(0x7f800000u)) == vec4<u32>(0x7f800000u);
  return dot(select(vec4<f32>(), vec4<f32>(1.0), wrong), vec4<f32>(1.0));
}
