// points[64, TILES, F]: the tiles of dy (TILE by TILE) as points (lines.wgsl), for adapters that run four invocations as one SIMD
// unit. Four share a tile of four filters: each evaluates one or two rows, then, exchanged by quad swaps, two columns.
fn pixel(row: u32, column: u32, row_inside: bool, width: u32, blocks: u32, block: u32) -> vec4<f32> {
  let value = dy[(row + min(column, width - 1u)) * blocks + block];
  return select(vec4<f32>(), value, row_inside & (column < width));
}
fn row_of(place: Place, lane: u32, blocks: u32) -> Points {
  let width = u.OUT_W;
  let h = place.row + lane;
  let row = (place.image * u.OUT_H + min(h, u.OUT_H - 1u)) * width;
  let inside = place.exists & (h < u.OUT_H);
  return evaluate(Coefficients(
#unroll j < u.COUNT
    pixel(row, place.column + ${$j}u, inside, width, blocks, place.block),
#end
  ));
}

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let lane = local % 4u;
  let blocks = u.BLOCKS;
  let step = u.TILES_STORED * blocks;
  let place = place_of(min((id.y * u.ROW_INVOCATIONS + id.x) / 4u, step - 1u), blocks);
  let at = lane * step + place.tile * blocks + place.block;
  let upper = row_of(place, lane, blocks);
#if u.COUNT > 4
  let lower = row_of(place, lane + 4u, blocks);
  let left = column_of(first_half(upper), first_half(lower), lane);
  let right = column_of(second_half(upper), second_half(lower), lane);
  store(at, step, evaluate(Coefficients(left[0], left[1], left[2], left[3], left[4], left[5])));
  store(at + 4u * step, step, evaluate(Coefficients(right[0], right[1], right[2], right[3], right[4], right[5])));
#else
  store(at, step, evaluate(turned(first_half(upper), lane)));
  store(at + 4u * step, step, evaluate(turned(second_half(upper), lane)));
#end
}
