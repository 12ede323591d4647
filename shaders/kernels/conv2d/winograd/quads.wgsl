// Eight by eight numbers among four invocations that are one SIMD unit: invocation l has rows l and l+4, then columns l and l+4.
// Numbers, not vec4s of neighbouring channels: a load compiles to a branch for each, so fours take four times as long to compile.
alias Four = array<f32, 4>;

// A row of four of each of four invocations becomes a column of four.
fn turned(row: Four, lane: u32) -> Four {
  let odd = (lane & 1u) == 1u;
  let low = (lane & 2u) == 2u;
  let top = pair(row[0], row[1], quadSwapX(select(row[1], row[0], odd)), odd);
  let bottom = pair(row[2], row[3], quadSwapX(select(row[3], row[2], odd)), odd);
  let left = pair(top[0], bottom[0], quadSwapY(select(bottom[0], top[0], low)), low);
  let right = pair(top[1], bottom[1], quadSwapY(select(bottom[1], top[1], low)), low);
  return Four(left[0], right[0], left[1], right[1]);
}
fn pair(a: f32, b: f32, swapped: f32, second: bool) -> array<f32, 2> {
  return array<f32, 2>(select(a, swapped, second), select(swapped, b, second));
}

// The column of eight that halves of the rows of four invocations become.
fn column_of(upper: Four, lower: Four, lane: u32) -> array<f32, 8> {
  let a = turned(upper, lane);
  let b = turned(lower, lane);
  return array<f32, 8>(a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]);
}
fn first_half(row: array<f32, 8>) -> Four { return Four(row[0], row[1], row[2], row[3]); }
fn second_half(row: array<f32, 8>) -> Four { return Four(row[4], row[5], row[6], row[7]); }
