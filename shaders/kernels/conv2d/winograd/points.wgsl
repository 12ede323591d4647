// points[64, TILES, CHANNELS] = tiles of x, COUNT by COUNT and TILE apart, evaluated (windows.wgsl, evaluate.wgsl) in rows and columns,
// for adapters that run four invocations as one SIMD unit. Four share a tile of a channel: each evaluates one or two rows, then,
// exchanged by quad swaps, two columns.

// Outside the image zeros: before the first row or column an unsigned position wraps around, so one comparison covers both edges.
fn pixel(row: u32, column: u32, row_inside: bool, width: u32, channels: u32) -> f32 {
  let value = x[row + min(column, width - 1u) * channels];
  return select(0.0, value, row_inside & (column < width));
}
fn line_of(image: u32, h: u32, exists: bool, column: u32, channels: u32, channel: u32) -> Points {
  let width = u.WIDTH;
  let row = (image * u.HEIGHT + min(h, u.HEIGHT - 1u)) * width * channels + channel;
  let inside = exists & (h < u.HEIGHT);
  return evaluate(Coefficients(
#unroll j < u.COUNT
    pixel(row, column + ${$j}u, inside, width, channels),
#end
  ));
}

// Eight to a row, `step` apart.
fn store(at: u32, step: u32, column: Points) {
#unroll row < 8
  points[at + ${$row * 8}u * step] = column[$row];
#end
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
    let tile = own.first_tile + i;
    // Those stored beside the images' tiles are zero.
    let exists = tile < u.TILES;
    let upper = line_of(own.image, h, exists, column, channels, channel);
#if u.COUNT > 4
    let lower = line_of(own.image, h + 4u, exists, column, channels, channel);
    let first = column_of(first_half(upper), first_half(lower), lane);
    let second = column_of(second_half(upper), second_half(lower), lane);
#else
    let first = turned(first_half(upper), lane);
    let second = turned(second_half(upper), lane);
#end
    let left = evaluate(Coefficients(
#unroll row < u.COUNT
      first[$row],
#end
    ));
    let right = evaluate(Coefficients(
#unroll row < u.COUNT
      second[$row],
#end
    ));
    if ((tile < tiles) & (own.channel < channels)) {
      let at = lane * step + tile * channels + channel;
      store(at, step, left);
      store(at + 4u * step, step, right);
    }
  }
}
