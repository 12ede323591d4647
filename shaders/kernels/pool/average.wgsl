// y[N,OH,OW,C] = mean over the KH,KW inside the image of x[N, OH*SH-PT+KH, OW*SW-PL+KW, C]; WIDTH channels per invocation (1 or a vec4).
const CB = u.C / WIDTH;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.N * u.OH * u.OW * CB) { return; }
  let c = i % CB;
  let pixel = i / CB;
  let top = pixel / u.OW % u.OH * u.SH;
  let left = pixel % u.OW * u.SW;
  let image = pixel / (u.OW * u.OH) * u.H;
  // In rows and columns of the padded image.
  let first_h = max(top, u.PT);
  let first_w = max(left, u.PL);
  let end_h = min(top + u.KH, u.H + u.PT);
  let end_w = min(left + u.KW, u.W + u.PL);
  var sum = x_t();
  for (var h = first_h; h < end_h; h++) {
    for (var w = first_w; w < end_w; w++) { sum += x[((image + h - u.PT) * u.W + w - u.PL) * CB + c]; }
  }
  y[i] = sum * (1.0 / f32((end_h - first_h) * (end_w - first_w)));
}
