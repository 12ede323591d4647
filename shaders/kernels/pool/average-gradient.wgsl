// dx[N,H,W,C] = sum over the windows that hold x[N,H,W,C] of dy[N,OH,OW,C] / the number of their elements inside the image.
// WIDTH channels per invocation (1 or a vec4).
const CB = u.C / WIDTH;

fn inside(start: u32, size: u32, padding: u32, limit: u32) -> u32 { return min(start + size, limit + padding) - max(start, padding); }

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.N * u.H * u.W * CB) { return; }
  let c = i % CB;
  // In rows and columns of the padded image.
  let w = i / CB % u.W + u.PL;
  let h = i / (CB * u.W) % u.H + u.PT;
  let n = i / (CB * u.W * u.H);
  // Windows oh with oh*SH <= h < oh*SH + KH, and likewise for columns.
  let end_row = min(h / u.SH + 1u, u.OH);
  let end_column = min(w / u.SW + 1u, u.OW);
  var sum = dy_t();
  for (var oh = (max(h + u.SH, u.KH) - u.KH) / u.SH; oh < end_row; oh++) {
    for (var ow = (max(w + u.SW, u.KW) - u.KW) / u.SW; ow < end_column; ow++) {
      let count = inside(oh * u.SH, u.KH, u.PT, u.H) * inside(ow * u.SW, u.KW, u.PL, u.W);
      sum += dy[((n * u.OH + oh) * u.OW + ow) * CB + c] * (1.0 / f32(count));
    }
  }
  dx[i] = sum;
}
