// dscale[CHUNKS,C] = sum over the rows of a chunk of dy * (x - mean) * rstd; dshift[CHUNKS,C] = sum of dy (where SHIFT = 1).
// One workgroup per chunk and WG_X blocks of channels: its WG_Y rows stride down the chunk, then add up in workgroup memory.
#include kernels/norm/pair-sums.wgsl

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let own = group.x * WG_X + local.x;
  let cb = min(own, CB - 1u);
  let end = min((group.y + 1u) * CHUNK_ROWS, ROWS);
  var products = x_t();
  var sum = x_t();
#if HOISTED == 1
  // All rows of a chunk are of one example.
  let center_here = centers(group.y * CHUNK_ROWS / u.P, cb);
  let deviation_here = deviations(group.y * CHUNK_ROWS / u.P, cb);
#end
  for (var row = group.y * CHUNK_ROWS + local.y; row < end; row += WG_Y) {
#if HOISTED == 0
    let center_here = centers(row / u.P, cb);
    let deviation_here = deviations(row / u.P, cb);
#end
    let gradient = dy[row * CB + cb];
    products += gradient * ((x[row * CB + cb] - center_here) * deviation_here);
    sum += gradient;
  }
  let slot = local.y * WG_X + local.x;
  add_up(slot, local.y, WG_Y, WG_X, products, sum);
  if ((local.y == 0u) & (own < CB)) { store(group.y * CB + cb, first_sums[slot], second_sums[slot]); }
}
