// dx[N,H,W,C] = sum over the windows whose first maximum is x[N,H,W,C] of dy[N,OH,OW,C]; one invocation per x, windows may overlap.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.N * u.H * u.W * u.C) { return; }
  let c = i % u.C;
  let w = i / u.C % u.W;
  let h = i / (u.C * u.W) % u.H;
  let n = i / (u.C * u.W * u.H);
  let value = x[i];
  var sum = 0.0;
  // Windows oh with oh*SH <= h < oh*SH + KH, and likewise for columns.
  let firstRow = (max(h + u.SH, u.KH) - u.KH) / u.SH;
  let firstColumn = (max(w + u.SW, u.KW) - u.KW) / u.SW;
  for (var oh = firstRow; oh < u.OH && oh * u.SH <= h; oh++) {
    for (var ow = firstColumn; ow < u.OW && ow * u.SW <= w; ow++) {
      let own = (h - oh * u.SH) * u.KW + (w - ow * u.SW);
      let start = ((n * u.H + oh * u.SH) * u.W + ow * u.SW) * u.C + c;
      var first = true;
      for (var k = 0u; k < u.KH * u.KW; k++) {
        let other = x[start + (k / u.KW * u.W + k % u.KW) * u.C];
        first = first & ((other < value) | ((other == value) & (k >= own)));
      }
      if (first) { sum += dy[((n * u.OH + oh) * u.OW + ow) * u.C + c]; }
    }
  }
  dx[i] = sum;
}
