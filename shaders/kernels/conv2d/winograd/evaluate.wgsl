// The polynomial of COUNT (3 to 6) coefficients at the eight points of lines.wgsl.
alias Coefficients = array<f32, ${u.COUNT}>;

fn even(v: Coefficients, square: f32) -> f32 {
#if u.COUNT > 4
  return v[0] + square * (v[2] + square * v[4]);
#else
  return v[0] + square * v[2];
#end
}
fn odd(v: Coefficients, point: f32, square: f32) -> f32 {
#if u.COUNT > 5
  return point * (v[1] + square * (v[3] + square * v[5]));
#else
#if u.COUNT > 3
  return point * (v[1] + square * v[3]);
#else
  return point * v[1];
#end
#end
}
fn evaluate(v: Coefficients) -> Points {
  let even1 = even(v, 1.0); let odd1 = odd(v, 1.0, 1.0);
  let even2 = even(v, 4.0); let odd2 = odd(v, 2.0, 4.0);
  let even3 = even(v, 0.25); let odd3 = odd(v, 0.5, 0.25);
  return Points(v[0], even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, even3 + odd3, even3 - odd3, v[${u.COUNT - 1}]);
}
