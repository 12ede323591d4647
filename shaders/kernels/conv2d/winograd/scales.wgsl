// What evaluating and interpolating by the points of lines.wgsl leaves to divide by: kernels bear it, once for each dimension.
const SCALES = array<f32, 8>(-1.0, -2.0 / 9.0, -2.0 / 9.0, 1.0 / 90.0, 1.0 / 90.0, 32.0 / 45.0, 32.0 / 45.0, 1.0);
fn scaled(p: Points) -> Points {
  return Points(
#unroll i < 8
    p[$i] * SCALES[$i],
#end
  );
}
