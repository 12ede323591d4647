// dx[N,P,C] = rstd * (g - mean of g - z * mean of g * z), g = dy * scale, z = (x - mean) * rstd, means over a cell (RMS: without the first).
// One invocation per cell. Rows are the inner loop: software adapters pay for every load, and the scale is then loaded once per channel.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let cell = id.y * u.ROW_INVOCATIONS + id.x;
  if (cell >= CELLS) { return; }
  let start = cell_start(cell);
  let channels = cell % PARTS * GB;
  let center = mean_of(cell);
  let deviation = rstd_of(cell);
  var sum = x_t();
  var products = x_t();
  for (var b = 0u; b < GB; b++) {
    var column = x_t();
    var column_products = x_t();
#if u.P == 1
    {
      const p = 0u;
#else
    for (var p = 0u; p < u.P; p++) {
#end
      let at = start + p * CB + b;
      let g = dy[at];
      column += g;
      column_products += g * (x[at] - center);
    }
    let factor = scale_of(channels + b);
    sum += column * factor;
    products += column_products * factor;
  }
  // dx = deviation * (factor * dy - mean_inner - (x - center) * slope)
  let mean_inner = mean_or_zero(total(sum) / ELEMENTS);
  let slope = total(products) * deviation * deviation / ELEMENTS;
  for (var b = 0u; b < GB; b++) {
    let factor = scale_of(channels + b);
#if u.P == 1
    {
      const p = 0u;
#else
    for (var p = 0u; p < u.P; p++) {
#end
      let at = start + p * CB + b;
      dx[at] = deviation * (factor * dy[at] - mean_inner - (x[at] - center) * slope);
    }
  }
}
