// points[64, TILES, C]: the windows of x (8 by 8, TILE apart) as points (lines.wgsl), for adapters that run four invocations as
// one SIMD unit. Four share a window of four channels: each transforms two rows, then, exchanged by quad swaps, two columns.
fn line(d: Points) -> Points {
  let even1 = d[2] + d[6] - 4.25 * d[4]; let odd1 = d[1] + d[5] - 4.25 * d[3];
  let even2 = 0.25 * d[2] + d[6] - 1.25 * d[4]; let odd2 = 0.5 * d[1] + 2.0 * d[5] - 2.5 * d[3];
  let even3 = 4.0 * d[2] + d[6] - 5.0 * d[4]; let odd3 = 2.0 * d[1] + 0.5 * d[5] - 2.5 * d[3];
  return Points(
    d[6] - d[0] + 5.25 * (d[2] - d[4]), even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, even3 + odd3, even3 - odd3,
    d[7] - d[1] + 5.25 * (d[3] - d[5]),
  );
}

// Outside the image zeros: before the first row or column an unsigned position wraps around, so one comparison covers both edges.
fn pixel(row: u32, column: u32, row_inside: bool, width: u32, blocks: u32, block: u32) -> vec4<f32> {
  let value = x[(row + min(column, width - 1u)) * blocks + block];
  return select(vec4<f32>(), value, row_inside & (column < width));
}
fn row_of(place: Place, lane: u32, blocks: u32) -> Points {
  let width = u.IN_W;
  let h = place.row + lane - u.PAD_TOP;
  let row = (place.image * u.IN_H + min(h, u.IN_H - 1u)) * width;
  let column = place.column - u.PAD_LEFT;
  let inside = h < u.IN_H;
  return line(Points(
#unroll j < 8
    pixel(row, column + ${$j}u, inside, width, blocks, place.block),
#end
  ));
}

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let lane = local % 4u;
  let blocks = u.BLOCKS;
  let tiles = u.TILES_STORED;
  let place = place_of(min((id.y * u.ROW_INVOCATIONS + id.x) / 4u, tiles * blocks - 1u), blocks);
  let upper = row_of(place, lane, blocks);
  let lower = row_of(place, lane + 4u, blocks);
  let step = tiles * blocks;
  store(lane * step + place.tile * blocks + place.block, step, line(column_of(first_half(upper), first_half(lower), lane)));
  store((lane + 4u) * step + place.tile * blocks + place.block, step, line(column_of(second_half(upper), second_half(lower), lane)));
}
