// sums[CHUNKS,C] = sum over the rows of a chunk of x[R,C] - x[0,C]; squares[CHUNKS,C] = sum of their squares.
// One invocation per chunk and block of channels.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.CHUNKS * CB) { return; }
  let cb = i % CB;
  let first = i / CB * CHUNK_ROWS;
  let end = min(first + CHUNK_ROWS, u.R);
  let origin = x[cb];
  var sum = x_t();
  var square = x_t();
  for (var row = first; row < end; row++) {
    let difference = x[row * CB + cb] - origin;
    sum += difference;
    square += difference * difference;
  }
  sums[i] = sum;
  squares[i] = square;
}
