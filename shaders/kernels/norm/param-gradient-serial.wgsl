// dscale[CHUNKS,C] = sum over the rows of a chunk of dy * (x - mean) * rstd; dshift[CHUNKS,C] = sum of dy (where SHIFT = 1).
// One invocation per chunk and block of channels.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.CHUNKS * CB) { return; }
  let chunk = i / CB;
  let cb = i % CB;
  let end = min((chunk + 1u) * CHUNK_ROWS, ROWS);
  var products = x_t();
  var sum = x_t();
#if HOISTED == 1
  // All rows of a chunk are of one example.
  let center_here = centers(chunk * CHUNK_ROWS / u.P, cb);
  let deviation_here = deviations(chunk * CHUNK_ROWS / u.P, cb);
#end
  for (var row = chunk * CHUNK_ROWS; row < end; row++) {
#if HOISTED == 0
    let n = row / u.P;
    let center_here = centers(n, cb);
    let deviation_here = deviations(n, cb);
#end
    let gradient = dy[row * CB + cb];
    products += gradient * ((x[row * CB + cb] - center_here) * deviation_here);
    sum += gradient;
  }
  store(i, products, sum);
}
