// Eight by eight numbers among four invocations that are one SIMD unit: invocation l has rows l and l+4, then columns l and l+4.
alias Number = vec4<f32>;
alias Four = array<Number, 4>;

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
fn pair(a: Number, b: Number, swapped: Number, second: bool) -> array<Number, 2> {
  return array<Number, 2>(select(a, swapped, second), select(swapped, b, second));
}

// The column of eight that halves of the rows of four invocations become.
fn column_of(upper: Four, lower: Four, lane: u32) -> array<Number, 8> {
  let a = turned(upper, lane);
  let b = turned(lower, lane);
  return array<Number, 8>(a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]);
}
fn first_half(row: array<Number, 8>) -> Four { return Four(row[0], row[1], row[2], row[3]); }
fn second_half(row: array<Number, 8>) -> Four { return Four(row[4], row[5], row[6], row[7]); }
