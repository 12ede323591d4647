// y[N,P,C] = (x[N,P,C] - mean[N,G]) * rstd[N,G] * scale[C] + shift[C]; one invocation per cell.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let cell = id.y * ROW_INVOCATIONS + id.x;
  if (cell >= CELLS) { return; }
  let start = cell_start(cell);
  let origin = origin_of(start);
  var sum = x_t();
  var squares = x_t();
  for (var p = 0u; p < u.P; p++) {
    for (var b = 0u; b < GB; b++) {
      let difference = x[start + p * CB + b] - origin;
      sum += difference;
      squares += difference * difference;
    }
  }
  let found = statistics(origin, vec2<f32>(total(sum), total(squares)));
  keep(cell, found);
  let channels = cell % u.G * GB;
  for (var p = 0u; p < u.P; p++) {
    for (var b = 0u; b < GB; b++) {
      let at = start + p * CB + b;
      y[at] = normalised(x[at], found, channels + b);
    }
  }
}
