// Windows of eight as points of lines.wgsl: what products with those of kernels become tiles by.
alias Coefficients = array<f32, 8>;

fn evaluate(v: Coefficients) -> Points {
  let even1 = v[2] + v[6] - 4.25 * v[4]; let odd1 = v[1] + v[5] - 4.25 * v[3];
  let even2 = 0.25 * v[2] + v[6] - 1.25 * v[4]; let odd2 = 0.5 * v[1] + 2.0 * v[5] - 2.5 * v[3];
  let even3 = 4.0 * v[2] + v[6] - 5.0 * v[4]; let odd3 = 2.0 * v[1] + 0.5 * v[5] - 2.5 * v[3];
  return Points(
    v[6] - v[0] + 5.25 * (v[2] - v[4]), even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, even3 + odd3, even3 - odd3,
    v[7] - v[1] + 5.25 * (v[3] - v[5]),
  );
}
