// dw[COUNT, COUNT, C, F] = the kernels that points[PARTS, 64, C, F], its parts added up in their order, are points of (lines.wgsl).
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let size = u.SIZE;
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= size) { return; }
  let parts = u.PARTS;
  var row: Points;
  var rows: array<Values, 8>;
  for (var point = 0u; point < 64u; point++) {
    var sum = 0.0;
    for (var part = 0u; part < parts; part++) { sum += points[(part * 64u + point) * size + i]; }
    row[point % 8u] = sum;
    if (point % 8u == 7u) { rows[point / 8u] = interpolate(scaled(row)); }
  }
  for (var kw = 0u; kw < ${u.COUNT}u; kw++) {
    let taps = interpolate(scaled(Points(
#unroll j < 8
      rows[$j][kw],
#end
    )));
#unroll kh < u.COUNT
    dw[(${$kh * u.COUNT}u + kw) * size + i] = taps[$kh];
#end
  }
}
