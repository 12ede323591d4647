// y = act(the tiles that points[64, TILES, F] are points of (lines.wgsl) + bias), for adapters that run four invocations as one
// SIMD unit. Four share a tile of four filters: each interpolates two rows of points, then, exchanged by quad swaps, columns.
fn row_of(at: u32, step: u32) -> Values {
  return interpolate(Points(
#unroll j < 8
    points[at + ${$j}u * step],
#end
  ));
}

#if u.BIAS == 1
fn bias_of(block: u32) -> vec4<f32> { return bias_at(block); }
#else
fn bias_of(block: u32) -> vec4<f32> { return vec4<f32>(); }
#end

fn store(place: Place, column: u32, values: Values, blocks: u32) {
  let bias = bias_of(place.block);
  let inside = place.exists & (column < u.OUT_W) & (column < place.column + u.TILE);
  let at = ((place.image * u.OUT_H + place.row) * u.OUT_W + column) * blocks + place.block;
#unroll i < u.COUNT
  if (inside & (place.row + ${$i}u < u.OUT_H)) { y[at + ${$i}u * u.OUT_W * blocks] = activate(values[$i] + bias); }
#end
}

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let lane = local % 4u;
  let blocks = u.BLOCKS;
  let step = u.TILES_STORED * blocks;
  let place = place_of(min((id.y * u.ROW_INVOCATIONS + id.x) / 4u, step - 1u), blocks);
  let at = 8u * lane * step + place.tile * blocks + place.block;
  let upper = row_of(at, step);
  let lower = row_of(at + 32u * step, step);
#if u.COUNT > 4
  let zero = Number();
  store(place, place.column + lane, interpolate(column_of(Four(upper[0], upper[1], upper[2], upper[3]), Four(lower[0], lower[1], lower[2], lower[3]), lane)), blocks);
  store(place, place.column + lane + 4u, interpolate(column_of(Four(upper[4], upper[5], zero, zero), Four(lower[4], lower[5], zero, zero), lane)), blocks);
#else
  store(place, place.column + lane, interpolate(column_of(upper, lower, lane)), blocks);
#end
}
