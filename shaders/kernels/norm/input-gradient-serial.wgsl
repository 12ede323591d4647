// dx[N,P,C] = rstd * (g - mean of g - z * mean of g * z), g = dy * scale, z = (x - mean) * rstd, means over a cell (RMS: without the first).
// One invocation per cell.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let cell = id.y * ROW_INVOCATIONS + id.x;
  if (cell >= CELLS) { return; }
  let start = cell_start(cell);
  let channels = cell % u.G * GB;
  let center = mean_of(cell);
  let deviation = rstd[cell];
  var sum = x_t();
  var products = x_t();
  for (var p = 0u; p < u.P; p++) {
    for (var b = 0u; b < GB; b++) {
      let at = start + p * CB + b;
      let g = inner(at, channels + b);
      sum += g;
      products += g * (x[at] - center);
    }
  }
  let sums = vec2<f32>(total(sum), total(products) * deviation);
  for (var p = 0u; p < u.P; p++) {
    for (var b = 0u; b < GB; b++) {
      let at = start + p * CB + b;
      dx[at] = gradient(inner(at, channels + b), (x[at] - center) * deviation, deviation, sums);
    }
  }
}
