// points[64, TILES, F]: the tiles of a gradient x (TILE by TILE) as points (lines.wgsl), for adapters that run four invocations as one SIMD
// unit. Four share a tile of a filter: each evaluates one or two rows, then, exchanged by quad swaps, two columns.
fn line_of(image: u32, h: u32, exists: bool, column: u32, channels: u32, channel: u32) -> Points {
  let width = u.OUT_W;
  var row = image_row(image, h, u.OUT_H, width, channels, channel);
  row.inside &= exists;
  return evaluate(Coefficients(
#unroll j < u.COUNT
    pixel(row, column + ${$j}u, width, channels),
#end
  ));
}

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let lane = local % 4u;
  let channels = u.CHANNELS;
  let tiles = u.TILES_STORED;
  let own = row_of_tiles(group, id);
  let channel = min(own.channel, channels - 1u);
  let h = own.row + lane;
  let step = tiles * channels;
  for (var i = 0u; i < u.TILES_X; i++) {
    let column = i * u.TILE;
    let tile = own.first_tile + i;
    // Those stored beside the images' tiles are zero.
    let exists = tile < u.TILES;
    let upper = line_of(own.image, h, exists, column, channels, channel);
#if u.COUNT > 4
    let lower = line_of(own.image, h + 4u, exists, column, channels, channel);
    let first = column_of(first_half(upper), first_half(lower), lane);
    let second = column_of(second_half(upper), second_half(lower), lane);
    let left = evaluate(Coefficients(first[0], first[1], first[2], first[3], first[4], first[5]));
    let right = evaluate(Coefficients(second[0], second[1], second[2], second[3], second[4], second[5]));
#else
    let left = evaluate(turned(first_half(upper), lane));
    let right = evaluate(turned(second_half(upper), lane));
#end
    if ((tile < tiles) & (own.channel < channels)) {
      let at = lane * step + tile * channels + channel;
      store(at, step, left);
      store(at + 4u * step, step, right);
    }
  }
}
