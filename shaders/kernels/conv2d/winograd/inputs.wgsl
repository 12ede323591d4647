// points[64, TILES, C]: the windows of x (8 by 8, TILE apart) as points (lines.wgsl), for adapters that run four invocations as
// one SIMD unit. Four share a window of a channel: each transforms two rows, then, exchanged by quad swaps, two columns.
fn line(d: Points) -> Points {
  let even1 = d[2] + d[6] - 4.25 * d[4]; let odd1 = d[1] + d[5] - 4.25 * d[3];
  let even2 = 0.25 * d[2] + d[6] - 1.25 * d[4]; let odd2 = 0.5 * d[1] + 2.0 * d[5] - 2.5 * d[3];
  let even3 = 4.0 * d[2] + d[6] - 5.0 * d[4]; let odd3 = 2.0 * d[1] + 0.5 * d[5] - 2.5 * d[3];
  return Points(
    d[6] - d[0] + 5.25 * (d[2] - d[4]), even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, even3 + odd3, even3 - odd3,
    d[7] - d[1] + 5.25 * (d[3] - d[5]),
  );
}

fn line_of(image: u32, h: u32, column: u32, channels: u32, channel: u32) -> Points {
  let width = u.IN_W;
  let row = image_row(image, h, u.IN_H, width, channels, channel);
  return line(Points(
#unroll j < 8
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
  let h = own.row + lane - u.PAD_TOP;
  let step = tiles * channels;
  for (var i = 0u; i < u.TILES_X; i++) {
    let column = i * u.TILE - u.PAD_LEFT;
    let upper = line_of(own.image, h, column, channels, channel);
    let lower = line_of(own.image, h + 4u, column, channels, channel);
    let left = line(column_of(first_half(upper), first_half(lower), lane));
    let right = line(column_of(second_half(upper), second_half(lower), lane));
    let tile = own.first_tile + i;
    if ((tile < tiles) & (own.channel < channels)) {
      let at = lane * step + tile * channels + channel;
      store(at, step, left);
      store(at + 4u * step, step, right);
    }
  }
}
