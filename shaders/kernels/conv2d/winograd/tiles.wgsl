// Images cut into tiles of TILE by TILE outputs, of which `points` has TILES_STORED, those of this round's images first. A layer of
// the grid is an image, a row of it a row of tiles; four invocations share the tiles of a channel, one after the other.
struct Row { image: u32, first_tile: u32, row: u32, channel: u32 }

fn row_of_tiles(group: vec3<u32>, id: vec3<u32>) -> Row {
  return Row(min(u.FIRST_IMAGE + group.z, u.IMAGES - 1u), (group.z * u.TILES_Y + group.y) * u.TILES_X, group.y * u.TILE, id.x / 4u);
}
