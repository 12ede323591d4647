// The matrix of patches of x[N,H,W,C]: rows are output pixels (N,OH,OW), columns what a filter sees of each (KH,KW,C); zero outside the image.
fn patch_at(pixel: u32, element: u32) -> x_t {
  let tap = element / u.C;
  // Before the first row or column the unsigned position wraps around, so one comparison covers both edges.
  let h = pixel / u.OW % u.OH * u.SH + tap / u.KW * TAP_H - u.PT;
  let w = pixel % u.OW * u.SW + tap % u.KW * TAP_W - u.PL;
  let inside = (h < u.H) & (w < u.W);
  let at = ((pixel / (u.OW * u.OH) * u.H + h) * u.W + w) * u.C + element % u.C;
  return select(x_t(), x[select(0u, at / WIDTH, inside)], inside);
}
