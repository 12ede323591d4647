// Of one position, a row of logits[N*T,CLASSES] and teacher: maxima, sums of exponentials and the largest logits' classes.
const HEAT = bitcast<f32>(u.TEMPERATURE);

struct Row { student_max: f32, student_total: f32, teacher_max: f32, teacher_total: f32, agree: f32 }

fn row_of(r: u32) -> Row {
  let row = r * u.CLASSES;
  var maxima = vec2<f32>(logits[row], teacher[row]);
  var best = vec2<u32>();
  for (var k = 1u; k < u.CLASSES; k++) {
    let z = vec2<f32>(logits[row + k], teacher[row + k]);
    best = select(best, vec2<u32>(k), z > maxima);
    maxima = max(maxima, z);
  }
  var totals = vec2<f32>();
  for (var k = 0u; k < u.CLASSES; k++) { totals += exp((vec2<f32>(logits[row + k], teacher[row + k]) - maxima) * (1.0 / HEAT)); }
  return Row(maxima.x, totals.x, maxima.y, totals.y, select(0.0, 1.0, best.x == best.y));
}

// Loss and agreement of row r.
fn row_loss(r: u32) -> vec2<f32> {
  let s = row_of(r);
  let row = r * u.CLASSES;
  let normaliser = log(s.student_total);
  var sum = 0.0;
  for (var k = 0u; k < u.CLASSES; k++) {
    sum += exp((teacher[row + k] - s.teacher_max) * (1.0 / HEAT)) * (normaliser - (logits[row + k] - s.student_max) * (1.0 / HEAT));
  }
  return vec2<f32>(HEAT * HEAT * sum / s.teacher_total, s.agree);
}
