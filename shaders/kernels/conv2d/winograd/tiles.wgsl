// Images cut into tiles of TILE by TILE outputs: TILES of this round of images, and in memory as many as divide by four.
struct Place { tile: u32, block: u32, image: u32, row: u32, column: u32, exists: bool }

// Four neighbours share tile `i / blocks`; `row` and `column` are of its first output.
fn place_of(i: u32, blocks: u32) -> Place {
  let tile = i / blocks;
  let across = u.TILES_X;
  let of_image = across * u.TILES_Y;
  return Place(tile, i % blocks, min(u.FIRST_IMAGE + tile / of_image, u.IMAGES - 1u), tile / across % u.TILES_Y * u.TILE, tile % across * u.TILE, tile < u.TILES);
}
