// y = act(the tiles that points[64, TILES, F] are points of (lines.wgsl) + bias), for adapters that run four invocations as one
// SIMD unit. Four share a tile of a filter: each interpolates two rows of points, then, exchanged by quad swaps, columns.
fn line_of(at: u32, step: u32) -> Values {
  return interpolate(Points(
#unroll j < 8
    points[at + ${$j}u * step],
#end
  ));
}

#if u.BIAS == 1
fn bias_of(channel: u32) -> f32 { return bias_at(channel); }
#else
fn bias_of(channel: u32) -> f32 { return 0.0; }
#end

// `exists`: the tile, its channel and its column.
fn store(exists: bool, image: u32, row: u32, column: u32, channel: u32, values: Values) {
  let height = u.OUT_H;
  let width = u.OUT_W;
  let channels = u.CHANNELS;
  let bias = bias_of(channel);
  let at = ((image * height + row) * width + column) * channels + channel;
  let inside = exists & (column < width);
#unroll i < u.COUNT
  if (inside & (row + ${$i}u < height)) { y[at + ${$i}u * width * channels] = activate(values[$i] + bias); }
#end
}

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let lane = local % 4u;
  let channels = u.CHANNELS;
  let own = row_of_tiles(group, id);
  let channel = min(own.channel, channels - 1u);
  let step = u.TILES_STORED * channels;
  for (var i = 0u; i < u.TILES_X; i++) {
    let at = 8u * lane * step + (own.first_tile + i) * channels + channel;
    let upper = line_of(at, step);
    let lower = line_of(at + 32u * step, step);
    let column = i * u.TILE + lane;
    let exists = own.channel < channels;
#if u.COUNT > 4
    let left = interpolate(column_of(Four(upper[0], upper[1], upper[2], upper[3]), Four(lower[0], lower[1], lower[2], lower[3]), lane));
    let right = interpolate(column_of(Four(upper[4], upper[5], 0.0, 0.0), Four(lower[4], lower[5], 0.0, 0.0), lane));
    store(exists, own.image, own.row, column, channel, left);
    store(exists & (lane < ${u.COUNT - 4}u), own.image, own.row, column + 4u, channel, right);
#else
    store(exists, own.image, own.row, column, channel, interpolate(column_of(upper, lower, lane)));
#end
  }
}
