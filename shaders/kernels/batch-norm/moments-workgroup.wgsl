// sums[CHUNKS,C] = sum over the rows of a chunk of x[R,C] - x[0,C]; squares[CHUNKS,C] = sum of their squares.
// One workgroup per chunk and WG_X blocks of channels: its WG_Y rows stride down the chunk, then add up in workgroup memory.
#include kernels/norm/pair-sums.wgsl

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let own = group.x * WG_X + local.x;
  let cb = min(own, CB - 1u);
  let end = min((group.y + 1u) * CHUNK_ROWS, u.R);
  let origin = x[cb];
  var sum = x_t();
  var square = x_t();
  for (var row = group.y * CHUNK_ROWS + local.y; row < end; row += WG_Y) {
    let difference = x[row * CB + cb] - origin;
    sum += difference;
    square += difference * difference;
  }
  let slot = local.y * WG_X + local.x;
  add_up(slot, local.y, WG_Y, WG_X, sum, square);
  if ((local.y == 0u) & (own < CB)) {
    sums[group.y * CB + cb] = first_sums[slot];
    squares[group.y * CB + cb] = second_sums[slot];
  }
}
