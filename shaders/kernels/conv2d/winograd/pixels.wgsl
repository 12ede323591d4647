// Neighbours of one channel in a row of an image x. Outside it zeros: before the first row or column an unsigned
// position wraps around, so one comparison covers both edges.
struct ImageRow { start: u32, inside: bool }
fn image_row(image: u32, h: u32, height: u32, width: u32, channels: u32, channel: u32) -> ImageRow {
  return ImageRow((image * height + min(h, height - 1u)) * width * channels + channel, h < height);
}
fn pixel(row: ImageRow, column: u32, width: u32, channels: u32) -> f32 {
  let value = x[row.start + min(column, width - 1u) * channels];
  return select(0.0, value, row.inside & (column < width));
}
