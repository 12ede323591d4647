// evaluate() transposed: of eight points of lines.wgsl, COUNT (3 to 6) numbers.
alias Values = array<f32, ${u.COUNT}>;

fn interpolate(p: Points) -> Values {
  let sum1 = p[1] + p[2]; let sum2 = p[3] + p[4]; let sum3 = p[5] + p[6];
  let difference1 = p[1] - p[2]; let difference2 = p[3] - p[4]; let difference3 = p[5] - p[6];
  var v = Values(
    p[0] + sum1 + sum2 + sum3,
    difference1 + 2.0 * difference2 + 0.5 * difference3,
    sum1 + 4.0 * sum2 + 0.25 * sum3,
#if u.COUNT > 3
    difference1 + 8.0 * difference2 + 0.125 * difference3,
#end
#if u.COUNT > 4
    sum1 + 16.0 * sum2 + 0.0625 * sum3,
#end
#if u.COUNT > 5
    difference1 + 32.0 * difference2 + 0.03125 * difference3,
#end
  );
  v[${u.COUNT - 1}] += p[7];
  return v;
}
