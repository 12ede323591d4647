// y[OUTER,INNER] = sum over AXIS of x[OUTER,AXIS,INNER], divided by AXIS where MEAN = 1; one invocation per output.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.OUTER * u.INNER) { return; }
  let start = i / u.INNER * (u.AXIS * u.INNER) + i % u.INNER;
  var sums = vec4<f32>();
  var at = start;
  let fours = u.AXIS / 4u;
  for (var k = 0u; k < fours; k++) {
    sums += vec4<f32>(x[at], x[at + u.INNER], x[at + 2u * u.INNER], x[at + 3u * u.INNER]);
    at += 4u * u.INNER;
  }
  var sum = (sums.x + sums.y) + (sums.z + sums.w);
  for (var k = 4u * fours; k < u.AXIS; k++) {
    sum += x[at];
    at += u.INNER;
  }
#if u.MEAN == 1
  sum *= 1.0 / f32(u.AXIS);
#end
  y[i] = sum;
}
